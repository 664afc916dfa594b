//! The endpoint: TLS made safe for this protocol, windows with limits, one UDP socket.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};

use super::windows::{WINDOW_BYTES_LEAST, stream_window};
use crate::Error;
use crate::settings::Settings;

/// Returns the configuration of the server's side.
pub(super) fn server_config(
    mut tls: rustls::ServerConfig,
    settings: &Settings,
) -> Result<ServerConfig, Error> {
    tls.alpn_protocols = vec![wire::ALPN.to_vec()];
    // Early data can be replayed, and a resumed session skips the verifier of client certificates.
    tls.max_early_data_size = 0;
    tls.send_tls13_tickets = 0;
    tls.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    let crypto = QuicServerConfig::try_from(tls).map_err(|_| Error::Tls)?;
    let mut server = ServerConfig::with_crypto(Arc::new(crypto));
    server
        .transport_config(Arc::new(transport(settings)))
        // E-3: who waits to be looked at has sent little more than its first packet.
        .max_incoming(INCOMING_MAX)
        .incoming_buffer_size(INCOMING_BYTES_MAX)
        .incoming_buffer_size_total(INCOMING_TOTAL_BYTES_MAX)
        // Collectors behind a NAT change their address.
        .migration(true);
    Ok(server)
}

/// Opens the port; returns the endpoint and the address that it got.
pub(super) fn open(
    address: SocketAddr,
    server: ServerConfig,
    settings: &Settings,
) -> io::Result<(Endpoint, SocketAddr)> {
    let socket = UdpSocket::bind(address)?;
    if let Err(error) = enlarge_buffers(&socket, settings.socket_buffer_bytes) {
        tracing::debug!(%error, "the UDP socket keeps its default buffers");
    }
    let runtime = Arc::new(TokioRuntime);
    let endpoint = Endpoint::new(EndpointConfig::default(), Some(server), socket, runtime)?;
    let address = endpoint.local_addr()?;
    Ok((endpoint, address))
}

fn transport(settings: &Settings) -> TransportConfig {
    let idle = Duration::from_millis(settings.idle_timeout_ms.into());
    let mut transport = TransportConfig::default();
    transport
        // One more for the control stream; every stream that may be open costs memory.
        .max_concurrent_bidi_streams(VarInt::from_u32(settings.streams_in_flight_max + 1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(stream_window(settings.windows_bytes_max)))
        // More is lent to who announces much.
        .receive_window(VarInt::from_u32(WINDOW_BYTES_LEAST))
        // The server sends acknowledgements only.
        .send_window(SEND_WINDOW_BYTES)
        .max_idle_timeout(IdleTimeout::try_from(idle).ok())
        .datagram_receive_buffer_size(None);
    transport
}

fn enlarge_buffers(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    let state = quinn::udp::UdpSocketState::new(socket.into())?;
    state.set_recv_buffer_size(socket.into(), bytes)?;
    state.set_send_buffer_size(socket.into(), bytes)
}

/// Connections that have sent a first packet and were not looked at yet.
const INCOMING_MAX: usize = 1_024;
/// What one of them may have sent behind it.
const INCOMING_BYTES_MAX: u64 = 8 << 10;
/// What all of them may have sent behind it.
const INCOMING_TOTAL_BYTES_MAX: u64 = 1 << 20;
/// What one connection may have unacknowledged the other way.
const SEND_WINDOW_BYTES: u64 = 32 << 10;
