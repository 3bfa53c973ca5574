//! `emberflow serve`: the gRPC listener.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use emberflow::{Engine, EngineOptions, Error, Result};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use crate::grpc::{KeyValue, SparkConnect};

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 15002)]
    port: u16,
    /// Address to listen on. Anything but loopback needs a token.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Token that clients must send (`sc://host:port/;token=...`).
    #[arg(long, env = "SPARK_CONNECT_AUTHENTICATE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Certificate chain, PEM; with --tls-key.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key, PEM.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Folder of managed tables.
    #[arg(long, default_value = "spark-warehouse")]
    warehouse: PathBuf,
    /// Settings for every session, KEY=VALUE.
    #[arg(long = "conf", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// Pairs from `KEY=VALUE` arguments.
pub fn settings(given: &[String]) -> Result<Vec<(String, String)>> {
    given
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.to_owned())),
            None => Err(Error::new("INVALID_PARAMETER_VALUE").text(format!("--conf wants KEY=VALUE, not `{pair}`."))),
        })
        .collect()
}

/// Serves until interrupted.
pub fn run(arguments: ServeArguments) -> Result<()> {
    if !arguments.host.is_loopback() && arguments.token.as_deref().unwrap_or_default().is_empty() {
        return Err(Error::new("INVALID_PARAMETER_VALUE").text(format!(
            "Listening on {} without a token would let anyone on the network run code; give --token, or stay on loopback.",
            arguments.host
        )));
    }
    let options =
        EngineOptions { warehouse: arguments.warehouse.clone(), settings: settings(&arguments.settings)?, ..Default::default() };
    let engine = Engine::start(options)?;
    let handle = engine.tokio().clone();
    // Our share of the engine outlives the call: the last one must not be dropped inside of its own runtime.
    let served = handle.block_on(listen(Arc::clone(&engine), arguments));
    // Sessions that clients left open hold the engine.
    engine.shutdown();
    served
}

async fn listen(engine: Arc<Engine>, arguments: ServeArguments) -> Result<()> {
    let refused = |text: String| Error::new("INVALID_PARAMETER_VALUE").text(text);
    let address = SocketAddr::new(arguments.host, arguments.port);
    let listener = TcpListener::bind(address).await.map_err(|error| refused(format!("Cannot listen on {address}: {error}")))?;
    let address = listener.local_addr().map_err(|error| refused(error.to_string()))?;
    let mut server = Server::builder();
    if let (Some(certificate), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        let read =
            |path: &PathBuf| std::fs::read(path).map_err(|error| refused(format!("Cannot read {}: {error}", path.display())));
        let identity = Identity::from_pem(read(certificate)?, read(key)?);
        server =
            server.tls_config(ServerTlsConfig::new().identity(identity)).map_err(|error| refused(format!("TLS: {error}")))?;
    }
    let token = arguments.token.filter(|token| !token.is_empty());
    let calls = SparkConnect::new(engine.rpc(), token);
    let router = server.add_service(calls.clone()).add_service(KeyValue(calls));
    println!("listening on sc://{address}");
    // Small answers leave at once; the builder's own setting does not reach a listener that is handed in.
    let serving = router.serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), interrupted());
    serving.await.map_err(|error| Error::internal(format!("the listener ended: {error}")))
}

/// Ctrl-C, or SIGTERM where there is one.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
