//! `features`: prints what a server says about itself.

use electrum_smol::CallError;
use electrum_smol::proto::VersionRange;

use crate::output::Output;
use crate::query::{Query, with_server};
use crate::server_features::{self, FeaturesRecord};
use crate::server_options::ServerOptions;
use crate::stop::Outcome;

/// Print what a server says about itself
#[derive(Debug, clap::Args)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// Prints what a server says about itself.
pub(crate) async fn run(args: FeaturesArgs, output: &Output) -> Outcome {
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let said = server_features::ask(query.connection()).await.map_err(|error| query.failed("features", &error))?;
        match &said.features {
            Ok(features) => output.record(&FeaturesRecord::new(features), |_, _| said.lines()),
            Err(error) => Err(query.failed("features", &CallError::Decode(error.clone()))),
        }
    })
    .await
}
