//! `record`: a proxy between a client and a server that writes a transcript.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use electrum_smol::Config;
use electrum_smol::proto::VersionRange;
use electrum_smol::transport::Security;
use futures_lite::future;
use smol::{Async, LocalExecutor, Timer};

use super::relay::relay;
use super::upstream::Upstream;
use super::writer::Transcript;
use crate::failure::{Failure, Way};
use crate::output::Output;
use crate::query::report_connection;
use crate::server_options::{ServerOptions, seconds};
use crate::stop::{Outcome, Verdict};

/// Record the messages between a client and a server, for a bug report
///
/// Prints the tcp:// address to which the client must connect; proxies, TLS and WebSockets are used between here and
/// the server. In the file scripts, their hashes and addresses are replaced by others, and secrets are left out; the
/// ids of transactions stay. Requests are passed on unchanged: neither --padding nor --authorization-file changes them,
/// but the secret in that file is left out of the recording, too. 'replay' plays it back as a server. It records until
/// it is interrupted, or for --for seconds.
#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// The file, which must not exist
    pub(crate) file: PathBuf,
    /// The port on 127.0.0.1 for the client [default: any that is free]
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// How long to record [default: without end]
    #[arg(long = "for", value_name = "SECS", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// Records until it is interrupted.
pub(crate) async fn run(args: RecordArgs, output: &Output) -> Outcome {
    let config = args.options.config_of_relay(args.options.servers()?, VersionRange::ALL)?;
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, args.port))
        .map_err(|error| io::Error::new(error.kind(), format!("port {}: {error}", args.port)))?;
    let transcript = Transcript::create(&args.file, config.protocol.authorization.as_ref())?;
    output.line(&format!("tcp://{}", listener.get_ref().local_addr()?))?;
    let (failed, failures) = smol::channel::bounded(1);
    let clients = LocalExecutor::new();
    let accept = async {
        loop {
            let (client, _) = listener.accept().await?;
            let (failed, config, transcript) = (failed.clone(), &config, &transcript);
            let serve = async move {
                if let Err(error) = serve(client, config, transcript, output).await {
                    // Fails if another failure is already ending the recording.
                    let _ = failed.try_send(error);
                }
            };
            clients.spawn(serve).detach();
        }
    };
    let time_is_up = async {
        match args.duration {
            Some(duration) => drop(Timer::after(duration).await),
            None => future::pending().await,
        }
        Ok(Verdict::Success)
    };
    let unwritten = async {
        let error = failures.recv().await.unwrap_or_else(|_| io::ErrorKind::Other.into());
        Err(io::Error::new(error.kind(), format!("{}: {error}", args.file.display())))
    };
    let ended: io::Result<Verdict> = clients.run(future::or(time_is_up, future::or(unwritten, accept))).await;
    Ok(ended?)
}

/// Serves one client with the first server that can be reached, and reports those that cannot.
async fn serve(client: Async<TcpStream>, config: &Config, transcript: &Transcript, output: &Output) -> io::Result<()> {
    let proxy = config.route.proxy().map(ToString::to_string);
    for server in &config.servers {
        match Upstream::open(server, config).await {
            Ok(upstream) => return relay(&client, &upstream, transcript).await,
            Err(cause) => {
                let way = Way { is_tls: server.security() == Security::Tls, has_proxy: proxy.is_some() };
                report_connection(server, proxy.as_deref(), &Failure::of_connection(&cause, way), output);
            }
        }
    }
    Ok(())
}
