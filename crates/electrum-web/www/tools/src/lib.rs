//! Builds the page of `electrum-web`, and serves it on this machine.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

mod site;

pub use site::Site;

/// An error of building or serving the page.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The built page.
#[derive(Debug)]
pub struct Page {
    /// The folder with all its files.
    pub folder: PathBuf,
    /// The size of the WebAssembly in bytes.
    pub wasm: usize,
    /// Its size as servers send it, compressed by gzip.
    pub wasm_compressed: usize,
}

const TARGET: &str = "wasm32-unknown-unknown";
const NAME: &str = "electrum-web-page";
const MODULE: &str = "electrum_web_page";

/// Compiles the program of the page, and puts it in one folder with the other files.
///
/// # Errors
/// Says what cannot be built.
pub fn build() -> Result<Page, Failure> {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| www.join("target"), PathBuf::from);
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--locked", "--profile", "web", "--target", TARGET, "--package", NAME])
        .arg("--manifest-path")
        .arg(www.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .status()?;
    if !status.success() {
        return Err(format!("the page does not compile; its target may be missing: rustup target add {TARGET}").into());
    }
    let folder = target.join("page");
    fs::create_dir_all(&folder)?;
    Bindgen::new()
        .input_path(target.join(TARGET).join("web").join(format!("{NAME}.wasm")))
        .out_name(MODULE)
        .web(true)?
        .omit_default_module_path(false)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)?;
    for file in ["index.html", "start.js", "style.css"] {
        fs::copy(www.join(file), folder.join(file))?;
    }
    let wasm = fs::read(folder.join(format!("{MODULE}_bg.wasm")))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&wasm)?;
    Ok(Page { folder, wasm: wasm.len(), wasm_compressed: gzip.finish()?.len() })
}
