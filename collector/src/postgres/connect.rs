//! Connecting, with the fallbacks of `allow` and `prefer`.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode as DriverMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Target;
use super::encryption::Attempt;
use super::password::with_password;
use super::target::CONNECT_TIMEOUT;
use crate::Error;

/// A connection: the client, and the task that moves its bytes.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    driver: JoinHandle<()>,
    tls: Option<Tls>,
}

/// Connects to a server.
///
/// The whole of it, from the socket to the login, has a limit: `connect_timeout` of the URL, else 10 s,
/// for the socket to each host, which is where the driver's own limit ends, and as much again for
/// TLS and login.
///
/// # Errors
/// [`Error::Connection`] when nobody answers in time or the login is refused, [`Error::Password`] and
/// [`Error::Tls`] when it does not come that far.
pub async fn connect(target: &Target) -> Result<Connection, Error> {
    let socket = target.config.get_connect_timeout().copied();
    let hosts = u32::try_from(target.config.get_hosts().len()).unwrap_or(u32::MAX);
    let limit = socket
        .unwrap_or(CONNECT_TIMEOUT)
        .saturating_mul(hosts.max(1).saturating_add(1));
    connect_within(limit, target).await
}

async fn connect_within(limit: Duration, target: &Target) -> Result<Connection, Error> {
    let config = with_password(target).await?;
    let outcome = tokio::time::timeout(limit, attempt_all(target, &config)).await;
    outcome.unwrap_or_else(|_| {
        let reason = format!("no login within {} ms", limit.as_millis());
        Err(Error::Connection { reason })
    })
}

async fn attempt_all(target: &Target, config: &Config) -> Result<Connection, Error> {
    let is_socket = matches!(config.get_hosts().first(), Some(Host::Unix(_)) | None);
    // As libpq: no TLS over a Unix socket.
    let attempts = if is_socket {
        &[Attempt::Plain]
    } else {
        target.encryption.attempts()
    };
    let mut first = None;
    for attempt in attempts {
        match try_once(target, config, *attempt).await {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                let is_final = !may_differ(&error);
                first.get_or_insert(error);
                if is_final {
                    break;
                }
            }
        }
    }
    Err(first.map_or(Error::Stopping, Failure::into_error))
}

impl Connection {
    /// Returns the client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Asks the server to give up the statement under way, over a connection of its own.
    pub(super) async fn cancel(&self) {
        let token = self.client.cancel_token();
        let request = async {
            match &self.tls {
                None => token.cancel_query(NoTls).await,
                Some(tls) => token.cancel_query(tls.0.clone()).await,
            }
        };
        // Whether it arrives or not, the caller drops the connection next.
        tokio::time::timeout(CANCEL_TIMEOUT, request).await.ok();
    }
}

impl Drop for Connection {
    /// Closes the socket at once, whatever the server is doing.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

struct Tls(MakeRustlsConnect);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

enum Failure {
    Driver(tokio_postgres::Error),
    Own(Error),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::Own(error) => error,
            Self::Driver(error) => Error::Connection {
                reason: reason(&error),
            },
        }
    }
}

/// Returns what the driver says, with its cause and without statements.
pub(super) fn reason(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(db), _) => db.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

/// Tells whether the other kind of connection may fare better: a refused login or handshake, but not
/// a server that does not answer.
fn may_differ(failure: &Failure) -> bool {
    let Failure::Driver(error) = failure else {
        return false;
    };
    match error.as_db_error() {
        Some(db) => db.code().code().starts_with("28"),
        None => error.to_string().contains("TLS"),
    }
}

async fn try_once(
    target: &Target,
    config: &Config,
    attempt: Attempt,
) -> Result<Connection, Failure> {
    let mut config = config.clone();
    match attempt {
        Attempt::Plain => {
            config.ssl_mode(DriverMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(Failure::Driver)?;
            Ok(Connection {
                client,
                driver: drive(connection),
                tls: None,
            })
        }
        Attempt::Tls => {
            config.ssl_mode(DriverMode::Require);
            let encryption = target.encryption.clone();
            let tls = tokio::task::spawn_blocking(move || encryption.connector())
                .await
                .map_err(|_| Failure::Own(Error::Stopping))?
                .map_err(Failure::Own)?;
            let (client, connection) =
                config.connect(tls.clone()).await.map_err(Failure::Driver)?;
            Ok(Connection {
                client,
                driver: drive(connection),
                tls: Some(Tls(tls)),
            })
        }
    }
}

fn drive<S, T>(connection: tokio_postgres::Connection<S, T>) -> JoinHandle<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    // Its error reaches whoever waits for an answer; nobody else needs it.
    tokio::spawn(async move { connection.await.unwrap_or_default() })
}

const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::connect_within;
    use crate::Error;
    use crate::postgres::Target;

    #[tokio::test]
    async fn a_server_that_accepts_and_stays_silent_is_given_up_after_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // Connections lie in the listener's queue: the kernel accepts, and nobody answers.
        // No TLS: the start-up message has no answer. TLS: neither has the request for it.
        for mode in ["disable", "require"] {
            let url = format!("postgres://u:p@127.0.0.1:{port}/d?sslmode={mode}");
            let target = Target::parse(&url).unwrap();
            let outcome = connect_within(Duration::from_millis(20), &target).await;
            let Err(Error::Connection { reason }) = outcome else {
                panic!("{mode}: {outcome:?}");
            };
            assert!(reason.contains("20 ms"), "{mode}: {reason}");
        }
    }
}
