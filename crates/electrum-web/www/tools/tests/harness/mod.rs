//! Headless Chromium with the page open, driven over WebDriver.

mod driver;

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use electrum_web_tools::{Page, Site, build};
use fantoccini::Client;
use serde_json::json;
use tokio::time::sleep;

use self::driver::Driver;

/// A time-out that is reached only by what never ends, also on a busy machine.
const BOUND: Duration = Duration::from_secs(120);

/// A browser with the page. Its processes end when it is dropped.
pub(crate) struct Browser {
    client: Client,
    _site: Site,
    _driver: Driver,
}

/// The page, which is built once.
pub(crate) fn page() -> &'static Page {
    static PAGE: OnceLock<Page> = OnceLock::new();
    PAGE.get_or_init(|| build().unwrap_or_else(|error| panic!("the page cannot be built: {error}")))
}

impl Browser {
    /// Opens the page with `parameters` after the `#` in its address.
    pub(crate) async fn open(parameters: &str) -> Self {
        Self::open_with(&[], parameters).await
    }

    /// Opens the page in a browser that trusts every certificate.
    pub(crate) async fn open_trusting(parameters: &str) -> Self {
        Self::open_with(&["--ignore-certificate-errors"], parameters).await
    }

    async fn open_with(arguments: &[&str], parameters: &str) -> Self {
        let page = page();
        let site = Site::start(&page.folder, 0).unwrap();
        let driver = Driver::start();
        let client = driver.connect(arguments).await;
        client.goto(&format!("{}#{parameters}", site.url())).await.unwrap();
        Self { client, _site: site, _driver: driver }
    }

    /// Returns the text of an element as it is shown.
    pub(crate) async fn text(&self, id: &str) -> String {
        let script = "return document.getElementById(arguments[0]).innerText";
        let text = self.client.execute(script, vec![json!(id)]).await.unwrap();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the text of an element contains all of these words.
    pub(crate) async fn until(&self, id: &str, words: &[&str]) {
        let start = Instant::now();
        loop {
            let text = self.text(id).await;
            if words.iter().all(|word| text.contains(word)) {
                return;
            }
            if start.elapsed() > BOUND {
                self.screenshot("failed").await;
                let body = self.client.execute("return document.body.innerText", Vec::new()).await;
                panic!("#{id} is {text:?} and does not contain {words:?}; the page: {body:?}");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Saves a screenshot beside the built page.
    pub(crate) async fn screenshot(&self, name: &str) {
        let picture = self.client.screenshot().await.unwrap();
        let folder = page().folder.with_file_name("screenshots");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        fs::write(&file, picture).unwrap();
        println!("{}", file.display());
    }

    /// Closes the browser in order.
    pub(crate) async fn close(self) {
        self.client.close().await.unwrap();
    }
}
