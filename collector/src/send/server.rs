//! A tiny server for tests: a certificate authority, enrolment, and batches kept in memory.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, Incoming, RecvStream, SendStream, ServerConfig};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use wire::v1::{Ack, Archived, Enrolled, Refusal, RefusalCode, Status, Welcome};
use wire::{BatchFrame, Frame, FrameDecoder, FrameKind, Limits, Message, Secret, Token, TokenKind};

use crate::postgres::provider;

/// The server; stops when it is dropped.
pub(super) struct Server {
    endpoint: Endpoint,
    pub(super) shared: Arc<Shared>,
    address: SocketAddr,
}

/// What its connections share.
pub(super) struct Shared {
    issuer: Issuer<'static, KeyPair>,
    authority: CertificateDer<'static>,
    /// What to answer to the next batches; an acknowledgement where nothing is planned.
    pub(super) refusals: Mutex<VecDeque<Refusal>>,
    /// The batches taken, in order of arrival.
    pub(super) batches: Mutex<Vec<(u64, u64)>>,
    pub(super) statuses: Mutex<Vec<Status>>,
    /// How many certificates were handed out.
    pub(super) enrolments: AtomicU64,
    /// Changes with every batch taken.
    pub(super) taken: watch::Sender<usize>,
    /// What is archived; announced on every control stream.
    pub(super) archived: watch::Sender<u64>,
    archives: bool,
}

impl Server {
    pub(super) fn start(archives: bool) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec!["somewhere.else".to_owned()]).unwrap();
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .allow_unauthenticated()
            .build()
            .unwrap();
        let mut tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![leaf.der().clone(), authority.clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der())),
            )
            .unwrap();
        tls.alpn_protocols = vec![wire::ALPN.to_vec()];
        let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
        let endpoint = Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = endpoint.local_addr().unwrap();
        let shared = Arc::new(Shared {
            issuer,
            authority,
            refusals: Mutex::default(),
            batches: Mutex::default(),
            statuses: Mutex::default(),
            enrolments: AtomicU64::new(0),
            taken: watch::Sender::new(0),
            archived: watch::Sender::new(0),
            archives,
        });
        tokio::spawn(accept(endpoint.clone(), Arc::clone(&shared)));
        Self {
            endpoint,
            shared,
            address,
        }
    }

    pub(super) fn token(&self) -> Token {
        Token {
            kind: TokenKind::Enrolment,
            id: "t".into(),
            secret: Secret::new([7; 32]),
            authority: Sha256::digest(&self.shared.authority).into(),
            http: Vec::new(),
            quic: vec!["127.0.0.1:1".into(), self.address.to_string()],
        }
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until this many batches were taken.
    pub(super) async fn took(&self, count: usize) {
        self.shared
            .taken
            .subscribe()
            .wait_for(|taken| *taken >= count)
            .await
            .unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.endpoint.close(0u32.into(), b"gone");
    }
}

async fn accept(endpoint: Endpoint, shared: Arc<Shared>) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(serve(incoming, Arc::clone(&shared)));
    }
}

async fn serve(incoming: Incoming, shared: Arc<Shared>) {
    let Ok(connection) = incoming.await else {
        return;
    };
    let has_certificate = connection.peer_identity().is_some();
    let Ok((control, requests)) = connection.accept_bi().await else {
        return;
    };
    tokio::spawn(serve_control(
        control,
        requests,
        Arc::clone(&shared),
        has_certificate,
    ));
    while let Ok((answer, request)) = connection.accept_bi().await {
        tokio::spawn(serve_batch(answer, request, Arc::clone(&shared)));
    }
}

async fn serve_control(
    mut answers: SendStream,
    mut requests: RecvStream,
    shared: Arc<Shared>,
    has_certificate: bool,
) {
    let mut decoder = FrameDecoder::new(Limits::default());
    let mut archived = shared.archived.subscribe();
    loop {
        let frame = tokio::select! {
            frame = frame(&mut requests, &mut decoder) => frame,
            Ok(()) = archived.changed() => {
                let lsn = *archived.borrow_and_update();
                say(&mut answers, Message::Archived(Archived { lsn })).await;
                continue;
            }
        };
        let Some(frame) = frame else {
            return;
        };
        match Message::decode(&frame).unwrap() {
            Message::Enrol(enrol) => {
                shared.enrolments.fetch_add(1, Relaxed);
                let request =
                    CertificateSigningRequestParams::from_der(&enrol.signing_request.into())
                        .unwrap();
                let mut request = request;
                request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                let certificate = request.signed_by(&shared.issuer).unwrap().der().to_vec();
                let authority = shared.authority.to_vec();
                say(
                    &mut answers,
                    Message::Enrolled(Enrolled {
                        collector: "c".into(),
                        certificate,
                        authority,
                    }),
                )
                .await;
            }
            Message::Hello(hello) if has_certificate || !hello.token.is_empty() => {
                let welcome = Welcome {
                    version: "test".into(),
                    batches_in_flight_max: 4,
                    batch_bytes_max: 16 << 20,
                    archives: shared.archives,
                    ..Welcome::default()
                };
                say(&mut answers, Message::Welcome(welcome)).await;
            }
            Message::Hello(_) => {
                let refusal = Refusal {
                    code: RefusalCode::Denied,
                    reason: "who are you".into(),
                    retry_after_ms: 0,
                };
                say(&mut answers, Message::Refusal(refusal)).await;
            }
            Message::Status(status) => shared.statuses.lock().push(status),
            other => panic!("not expected: {other:?}"),
        }
    }
}

async fn serve_batch(mut answer: SendStream, mut request: RecvStream, shared: Arc<Shared>) {
    let mut decoder = FrameDecoder::new(Limits::default());
    let Some(frame) = frame(&mut request, &mut decoder).await else {
        return;
    };
    assert_eq!(frame.kind(), FrameKind::Batch);
    let batch = BatchFrame::from_frame(frame, &Limits::default()).unwrap();
    let (epoch, sequence) = (batch.view().epoch(), batch.view().sequence());
    let refusal = shared.refusals.lock().pop_front();
    if let Some(refusal) = refusal {
        return say(&mut answer, Message::Refusal(refusal)).await;
    }
    let lsn = {
        let mut batches = shared.batches.lock();
        batches.push((epoch, sequence));
        batches.len() as u64
    };
    say(
        &mut answer,
        Message::Ack(Ack {
            epoch,
            sequence,
            lsn,
            ..Ack::default()
        }),
    )
    .await;
    shared.taken.send_modify(|taken| *taken += 1);
}

async fn say(stream: &mut SendStream, message: Message) {
    // The other side may have gone.
    stream
        .write_all(message.encode().unwrap().bytes())
        .await
        .ok();
}

async fn frame(stream: &mut RecvStream, decoder: &mut FrameDecoder) -> Option<Frame> {
    loop {
        let chunk = stream.read_chunk(64 << 10, true).await.ok()??;
        let mut input: &[u8] = &chunk.bytes;
        while !input.is_empty() {
            if let Some(frame) = decoder.push(&mut input).unwrap() {
                return Some(frame);
            }
        }
    }
}
