//! A server with an authority of its own, a gate that knows what it is told, a sink that waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quinn::crypto::rustls::QuicClientConfig;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use schema::{ColumnDefinition, InstancePattern, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot, watch};
use wire::v1::{Batch, Enrol, Enrolled, Hello, Refusal, RefusalCode, Status};
use wire::{BatchFrame, Frame, FrameDecoder, Limits, Message, TableBuilder};

use super::super::{Collaborators, Listener};
use crate::gate::{EnrolFuture, Gate, Instances, Peer, Sighting};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::sink::{CommitFuture, CommitSink, Committed, Refused};

/// The longest that any wait of these tests takes before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("this should have happened by now")
}

/// Waits until something holds that no event tells of.
pub(super) async fn eventually(holds: impl Fn() -> bool) {
    soon(async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// A batch that the sink was given, and how to decide on it.
pub(super) type Pending = (BatchFrame, oneshot::Sender<Result<Committed, Refused>>);

struct WaitingSink(mpsc::Sender<Pending>);

impl CommitSink for WaitingSink {
    fn commit(&self, frame: BatchFrame) -> CommitFuture {
        let (decide, decided) = oneshot::channel();
        self.0
            .try_send((frame, decide))
            .expect("the tests take every batch");
        Box::pin(async { decided.await.expect("the tests decide on every batch") })
    }
}

/// Knows collectors by certificate, tokens by their text.
#[derive(Default)]
pub(super) struct KnownPeers {
    pub(super) certificates: Mutex<HashMap<[u8; 32], Peer>>,
    pub(super) tokens: Mutex<HashMap<String, Peer>>,
    pub(super) sightings: Mutex<Vec<(String, String, Option<Status>)>>,
}

pub(super) fn denied() -> Refusal {
    Refusal {
        code: RefusalCode::Denied,
        reason: "unknown here".into(),
        retry_after_ms: 0,
    }
}

impl Gate for KnownPeers {
    fn enrol(&self, enrol: Enrol) -> EnrolFuture {
        Box::pin(async move {
            let certificate = enrol.signing_request;
            let enrolled = Enrolled {
                collector: "c1".into(),
                certificate,
                authority: vec![2],
            };
            (enrol.token == "pga_enrol")
                .then_some(enrolled)
                .ok_or_else(denied)
        })
    }

    fn identify(&self, certificate_sha256: [u8; 32]) -> Result<Peer, Refusal> {
        let known = self.certificates.lock();
        known.get(&certificate_sha256).cloned().ok_or_else(denied)
    }

    fn authorise(&self, token_text: &str) -> Result<Peer, Refusal> {
        self.tokens
            .lock()
            .get(token_text)
            .cloned()
            .ok_or_else(denied)
    }

    fn seen(&self, peer: &Peer, sighting: &Sighting<'_>) {
        let sighting = (
            peer.name.clone(),
            sighting.version.into(),
            sighting.status.copied(),
        );
        self.sightings.lock().push(sighting);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(77)
    }
}

pub(super) struct Bench {
    pub(super) listener: Listener,
    pub(super) batches: mpsc::Receiver<Pending>,
    pub(super) gate: Arc<KnownPeers>,
    pub(super) archived: watch::Sender<Option<schema::Lsn>>,
    pub(super) metrics: Metrics,
    pub(super) authority: Issuer<'static, KeyPair>,
    pub(super) authority_der: CertificateDer<'static>,
}

impl Bench {
    pub(super) fn start(settings: Settings) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_der = params.self_signed(&key).unwrap().der().clone();
        let authority = Issuer::new(params, key);
        let tls = server_tls(&authority, &authority_der);
        let (sink, batches) = mpsc::channel(64);
        let (archived, archived_receiver) = watch::channel(None);
        let (gate, metrics) = (Arc::new(KnownPeers::default()), Metrics::default());
        let collaborators = Collaborators {
            sink: Arc::new(WaitingSink(sink)),
            gate: Arc::clone(&gate) as Arc<dyn Gate>,
            archived: archived_receiver,
            metrics: metrics.clone(),
            version: "1.0",
        };
        let address = "127.0.0.1:0".parse().unwrap();
        Self {
            listener: Listener::bind(address, tls, collaborators, settings).unwrap(),
            batches,
            gate,
            archived,
            metrics,
            authority,
            authority_der,
        }
    }

    /// Registers a collector for the instances `orders*` and returns what it connects with.
    pub(super) fn register(&self, name: &str) -> Identity {
        let (certificate, key) = issue(&self.authority);
        let peer = Peer {
            name: name.into(),
            instances: Instances::Covered(vec![InstancePattern("orders*".into())]),
            may_write: true,
        };
        let sha256 = Sha256::digest(&certificate).into();
        self.gate.certificates.lock().insert(sha256, peer);
        Some((certificate, key))
    }

    pub(super) async fn connect(&self, identity: &Identity) -> Client {
        self.try_connect(identity, wire::ALPN).await.unwrap()
    }

    pub(super) async fn try_connect(
        &self,
        identity: &Identity,
        protocol: &[u8],
    ) -> Result<Client, quinn::ConnectionError> {
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots(&self.authority_der));
        let mut tls = match identity {
            Some((certificate, key)) => tls
                .with_client_auth_cert(vec![certificate.clone()], key.clone_key())
                .unwrap(),
            None => tls.with_no_client_auth(),
        };
        tls.alpn_protocols = vec![protocol.to_vec()];
        let crypto = QuicClientConfig::try_from(tls).unwrap();
        let endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut config = quinn::ClientConfig::new(Arc::new(crypto));
        let mut transport = quinn::TransportConfig::default();
        // As collectors do, if more often.
        transport.keep_alive_interval(Some(Duration::from_secs(5)));
        config.transport_config(Arc::new(transport));
        let connecting = endpoint.connect_with(config, self.listener.local_address(), "localhost");
        let quic = soon(connecting.unwrap()).await?;
        Ok(Client {
            quic,
            _endpoint: endpoint,
        })
    }

    /// Connects, says hello as `name` and returns the control stream behind the welcome.
    pub(super) async fn welcome(&self, identity: &Identity, name: &str) -> (Client, Stream) {
        let client = self.connect(identity).await;
        let mut control = client.open().await;
        control.send(&hello(name)).await;
        let message = control.message().await;
        assert!(matches!(message, Message::Welcome(_)), "{message:?}");
        (client, control)
    }

    /// Takes the next batch that reached the sink.
    pub(super) async fn batch(&mut self) -> Pending {
        soon(self.batches.recv())
            .await
            .expect("the listener is alive")
    }

    pub(super) fn metrics_text(&self) -> String {
        let mut registry = prometheus_client::registry::Registry::default();
        self.metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}

/// A client certificate and its key, or none.
pub(super) type Identity = Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>;

pub(super) struct Client {
    pub(super) quic: quinn::Connection,
    _endpoint: quinn::Endpoint,
}

impl Client {
    pub(super) async fn open(&self) -> Stream {
        let (send, receive) = soon(self.quic.open_bi()).await.unwrap();
        Stream {
            send,
            receive,
            decoder: FrameDecoder::new(Limits::default()),
            rest: Vec::new(),
        }
    }

    /// Opens a stream, sends the bytes and ends it.
    pub(super) async fn send(&self, bytes: &[u8]) -> Stream {
        let mut stream = self.open().await;
        stream.send(bytes).await;
        stream.send.finish().unwrap();
        stream
    }

    /// Returns the code and reason with which the server closed the connection.
    pub(super) async fn closed(&self) -> (u64, String) {
        match soon(self.quic.closed()).await {
            quinn::ConnectionError::ApplicationClosed(close) => {
                let reason = String::from_utf8_lossy(&close.reason).into_owned();
                (close.error_code.into_inner(), reason)
            }
            other => panic!("not closed by the server: {other}"),
        }
    }
}

pub(super) struct Stream {
    pub(super) send: quinn::SendStream,
    pub(super) receive: quinn::RecvStream,
    decoder: FrameDecoder,
    rest: Vec<u8>,
}

impl Stream {
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        soon(self.send.write_all(bytes)).await.unwrap();
    }

    pub(super) async fn frame(&mut self) -> Option<Frame> {
        loop {
            let mut input = self.rest.as_slice();
            let frame = self.decoder.push(&mut input).unwrap();
            self.rest = input.to_vec();
            if frame.is_some() {
                return frame;
            }
            let chunk = soon(self.receive.read_chunk(usize::MAX, true))
                .await
                .unwrap()?;
            self.rest.extend_from_slice(&chunk.bytes);
        }
    }

    pub(super) async fn message(&mut self) -> Message {
        Message::decode(&self.frame().await.expect("an answer comes first")).unwrap()
    }

    pub(super) async fn refusal(&mut self) -> Refusal {
        match self.message().await {
            Message::Refusal(refusal) => refusal,
            other => panic!("not a refusal: {other:?}"),
        }
    }
}

pub(super) fn hello(collector: &str) -> Vec<u8> {
    message(&Message::Hello(Hello {
        collector: collector.into(),
        epoch: 1,
        version: "0.9".into(),
        token: String::new(),
    }))
}

pub(super) fn message(message: &Message) -> Vec<u8> {
    message.encode().unwrap().bytes().to_vec()
}

pub(super) fn batch(collector: &str, sequence: u64, rows: usize) -> Vec<u8> {
    let mut table = TableBuilder::new("t");
    for time in (0..).take(rows) {
        table.begin_row(time);
        assert!(
            table
                .column(&ColumnDefinition::tag("instance"))
                .push_text("orders-1")
        );
    }
    let batch = Batch {
        collector: collector.into(),
        epoch: 1,
        sequence,
        tables: vec![table.finish()],
    };
    BatchFrame::encode(&batch, &Limits::default())
        .unwrap()
        .bytes()
        .to_vec()
}

pub(super) fn committed(lsn: u64) -> Committed {
    Committed {
        lsn: schema::Lsn::new(lsn),
        commit_time: Timestamp::from_nanos(5),
        duplicate: false,
    }
}

pub(super) fn server_tls(
    authority: &Issuer<'_, KeyPair>,
    authority_der: &CertificateDer<'static>,
) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (certificate, key) = issue(authority);
    let roots = Arc::new(roots(authority_der));
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
    rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

fn issue(authority: &Issuer<'_, KeyPair>) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    (certificate.der().clone(), PrivateKeyDer::Pkcs8(key))
}

fn roots(authority: &CertificateDer<'static>) -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    roots
}
