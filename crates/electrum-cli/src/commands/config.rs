//! `config`: shows the settings in effect, and where each comes from.

use serde::Serialize;

use crate::output::{Output, Paint};
use crate::server_options::{ServerOptions, Setting};
use crate::settings::Settings;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;

/// Show the settings in effect, and where each comes from: the command line, the environment or the configuration file
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct Record<'a> {
    file: Option<String>,
    file_exists: bool,
    settings: &'a [Setting],
    servers: Vec<NamedServers>,
    scripts: Vec<NamedScripts<'a>>,
}

#[derive(Serialize)]
struct NamedServers {
    name: String,
    servers: Vec<String>,
}

#[derive(Serialize)]
struct NamedScripts<'a> {
    name: &'a str,
    scripts: &'a [String],
}

/// Shows the settings.
pub(crate) fn run(args: &ConfigArgs, output: &Output) -> Outcome {
    let file = Settings::default_file();
    let settings = args.options.settings();
    let named = |(name, servers): (&String, _)| -> Result<NamedServers, Stop> {
        let _: &crate::settings::OneOrMany = servers;
        let servers = args.options.file().group(name).map_err(Stop::Usage)?;
        Ok(NamedServers { name: name.clone(), servers: servers.iter().map(ToString::to_string).collect() })
    };
    let servers = args.options.file().servers.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let scripts = args.options.file().scripts.iter();
    let scripts: Vec<_> = scripts.map(|(name, scripts)| NamedScripts { name, scripts: scripts.texts() }).collect();
    let file = file.map(|file| file.display().to_string());
    let file_exists = args.options.file().file.is_some();
    if output.json {
        output.object(&Record { file, file_exists, settings: &settings, servers, scripts })?;
        return Ok(Verdict::Success);
    }
    let place = file.unwrap_or_else(|| "none: there is no folder for it".into());
    let state = if file_exists { "" } else { " (does not exist)" };
    let mut lines = vec![format!("file               {place}{state}")];
    for Setting { name, value, source } in &settings {
        let value = output.paint(Paint::Strong, format!("{value:<40}"));
        lines.push(format!("{name:<18} {value} {}", output.paint(Paint::Faint, source)));
    }
    for NamedServers { name, servers } in servers {
        lines.push(format!("-s {name:<15} {}", servers.join(" ")));
    }
    for NamedScripts { name, scripts } in scripts {
        lines.push(format!("{name:<18} {}", printable(&scripts.join(" "))));
    }
    output.line(&lines.join("\n"))?;
    Ok(Verdict::Success)
}
