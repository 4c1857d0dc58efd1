//! Certificates made by openssl.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A self-signed certificate with its key, in files that go when this is dropped.
#[derive(Debug)]
pub struct Certificate {
    dir: TempDir,
}

impl Certificate {
    /// One for `localhost` and 127.0.0.1 that is valid now.
    #[must_use]
    pub fn new() -> Self {
        Self::for_names("DNS:localhost,IP:127.0.0.1")
    }

    /// One for these names, as openssl's `subjectAltName` has them, that is valid now.
    ///
    /// # Panics
    /// When openssl is not there or refuses.
    #[must_use]
    pub fn for_names(names: &str) -> Self {
        Self::make(names, "20200101000000Z", "20491231000000Z")
    }

    /// Like [`new`](Self::new), but its time is over.
    ///
    /// # Panics
    /// When openssl is not there or refuses.
    #[must_use]
    pub fn expired() -> Self {
        Self::make("DNS:localhost,IP:127.0.0.1", "20200101000000Z", "20200201000000Z")
    }

    fn make(names: &str, from: &str, to: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("certificate-").tempdir().expect("a folder");
        let certificate = Self { dir };
        let file = |name: &str| certificate.dir.path().join(name);
        openssl(
            Command::new("openssl")
                .args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
                .args(["-subj", "/CN=electrum"])
                .arg("-keyout")
                .arg(certificate.key())
                .arg("-out")
                .arg(file("request.pem")),
        );
        // Only `openssl ca` takes both dates, and it wants to keep books.
        let config = format!(
            "[ca]\ndefault_ca=self\n[self]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\npolicy=any\n\
             default_md=sha256\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName={names}\n"
        );
        fs::write(file("config"), config).expect("the folder can be written");
        fs::write(file("index"), "").expect("the folder can be written");
        openssl(
            Command::new("openssl")
                .current_dir(certificate.dir.path())
                .args(["ca", "-batch", "-notext", "-selfsign", "-config", "config", "-in", "request.pem"])
                .args(["-startdate", from, "-enddate", to])
                .arg("-keyfile")
                .arg(certificate.key())
                .arg("-out")
                .arg(certificate.file()),
        );
        certificate
    }

    /// The PEM file of the certificate.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("certificate.pem")
    }

    /// The PEM file of its key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    /// The SHA-256 of the certificate in lower-case hex without colons, as openssl computes it.
    ///
    /// # Panics
    /// When openssl is not there or refuses.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut command = Command::new("openssl");
        command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(self.file());
        let line = openssl(&mut command);
        let (_, hex) = line.trim().split_once('=').expect("a fingerprint behind =");
        hex.replace(':', "").to_lowercase()
    }
}

impl Certificate {
    /// The certificate in DER.
    ///
    /// # Panics
    /// When openssl is not there or refuses.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let file = self.dir.path().join("certificate.der");
        let mut command = Command::new("openssl");
        openssl(command.args(["x509", "-outform", "DER", "-in"]).arg(self.file()).arg("-out").arg(&file));
        fs::read(file).expect("what openssl wrote")
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs it; what it printed.
fn openssl(command: &mut Command) -> String {
    let output = command.output().expect("openssl is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("openssl writes text")
}
