//! Who may come in: the trait that the server implements on its catalogue, and what it says of peers.

use std::net::SocketAddr;
use std::pin::Pin;

use schema::{InstancePattern, Timestamp};
use wire::v1::{Enrol, Enrolled, Refusal, Status};

/// The outcome of an enrolment, awaited.
pub type EnrolFuture = Pin<Box<dyn Future<Output = Result<Enrolled, Refusal>> + Send>>;

/// Decides who may write, from certificates and tokens.
///
/// Everything but [`Gate::enrol`] is called on a runtime thread and must not block.
pub trait Gate: Send + Sync + 'static {
    /// Exchanges an enrolment token and a signing request for a client certificate.
    fn enrol(&self, enrol: Enrol) -> EnrolFuture;

    /// Returns the collector whose client certificate has this SHA-256 (of its DER).
    ///
    /// Asked on every connection, although TLS verified the chain: a certificate may be revoked.
    ///
    /// # Errors
    /// A refusal for a certificate that is unknown or revoked.
    fn identify(&self, certificate_sha256: [u8; 32]) -> Result<Peer, Refusal>;

    /// Returns the holder of a bearer token, named `import:` and the token's id.
    ///
    /// # Errors
    /// A refusal for a token that is unknown, expired or revoked.
    fn authorise(&self, token_text: &str) -> Result<Peer, Refusal>;

    /// Takes note of a peer: when it is welcomed, and with every status that it sends.
    fn seen(&self, peer: &Peer, sighting: &Sighting<'_>);

    /// Returns the time, for the welcome.
    fn now(&self) -> Timestamp;
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The collector's name, or `import:` and the id of a token.
    pub name: String,
    /// Which instances it may write.
    pub instances: Instances,
    /// Whether it may write at all.
    pub may_write: bool,
}

impl Peer {
    /// Tells whether this is the holder of a bearer token rather than a registered collector.
    pub fn is_import(&self) -> bool {
        self.name.starts_with(IMPORT)
    }
}

/// What the names of token holders begin with.
const IMPORT: &str = "import:";

/// Which instances a peer may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instances {
    /// Any, and tables without the tag `instance`: the holder of a writer's token.
    All,
    /// Those that a pattern covers, and no table without the tag: a registered collector.
    Covered(Vec<InstancePattern>),
}

/// What is known of a peer at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Where it connects from.
    pub remote: SocketAddr,
    /// The version of its program.
    pub version: &'a str,
    /// How it says it is; `None` at its welcome.
    pub status: Option<&'a Status>,
}
