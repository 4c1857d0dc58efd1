import init from "./electrum_web_page.js";
init();
