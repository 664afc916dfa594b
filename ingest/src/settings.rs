//! How much the QUIC door takes, and for how long it waits.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wire::Limits;

use crate::Error;

/// The limits of the QUIC door; every one of them bounds memory or patience (E-3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Most connections that were welcomed; who comes then is refused, told why and when to come
    /// again. Default 1 536; each costs 56 KiB at most (in the server, a share of the memory budget).
    pub connections_max: usize,
    /// Most connections that were not welcomed yet; further ones wait at the door, and the one that
    /// has been silent for 2 s makes place for them. Default 64, and as many may be closing; each
    /// costs 176 KiB at most, those that close included.
    pub newcomers_max: usize,
    /// What connections that send much may send ahead of what was read, all together, beyond the
    /// 16 KiB of each; an eighth of it, and 16 MiB, for one at most. Default 24 MiB (in the server, a
    /// share of the memory budget).
    pub windows_bytes_max: u64,
    /// From how many connections on a newcomer must first prove its address. Default 128.
    pub connections_unproven_max: usize,
    /// Most connections of one collector: the one in use and one that is about to die. Default 2.
    pub connections_per_collector_max: usize,
    /// Most connections with one bearer token. Default 8.
    pub connections_per_token_max: usize,
    /// Most batches under way in one connection, 1 to 64. Default 8.
    pub streams_in_flight_max: u32,
    /// The longest body of a batch. Default 16 MiB.
    pub batch_bytes_max: u32,
    /// Most rows of a batch. Default 1 048 576.
    pub batch_rows_max: usize,
    /// Most bytes of batches that are arriving or being committed, over all connections.
    /// Default 256 MiB.
    pub assembly_bytes_max: u32,
    /// How long a batch waits for its share of `assembly_bytes_max`. Default 5 s.
    pub assembly_wait_ms: u32,
    /// How long TLS, and then the greeting, may take. Default 10 s each.
    pub handshake_timeout_ms: u32,
    /// How long a stream may go without the bytes that `stream_bytes_per_second_min` asks for.
    /// Default 10 s.
    pub stream_timeout_ms: u32,
    /// How fast a batch must come at least. Default 16 384 bytes a second.
    pub stream_bytes_per_second_min: u32,
    /// How long a connection without any packet lives. Default 60 s; collectors ping every 15 s.
    pub idle_timeout_ms: u32,
    /// How long a last word waits to be heard before the connection closes. Default 3 s.
    pub linger_ms: u32,
    /// How long batches under way may take when the server stops. Default 10 s.
    pub drain_timeout_ms: u32,
    /// When to come again after a refusal for want of room. Default 500 ms.
    pub retry_after_ms: u32,
    /// The size asked of the system for the socket's buffers, each way. Default 8 MiB.
    pub socket_buffer_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 1_536,
            newcomers_max: 64,
            windows_bytes_max: 24 << 20,
            connections_unproven_max: 128,
            connections_per_collector_max: 2,
            connections_per_token_max: 8,
            streams_in_flight_max: 8,
            batch_bytes_max: 16 << 20,
            batch_rows_max: 1 << 20,
            assembly_bytes_max: 256 << 20,
            assembly_wait_ms: 5_000,
            handshake_timeout_ms: 10_000,
            stream_timeout_ms: 10_000,
            stream_bytes_per_second_min: 16 << 10,
            idle_timeout_ms: 60_000,
            linger_ms: 3_000,
            drain_timeout_ms: 10_000,
            retry_after_ms: 500,
            socket_buffer_bytes: 8 << 20,
        }
    }
}

impl Settings {
    /// Checks that the values can be used together.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the first that cannot.
    pub fn check(&self) -> Result<(), Error> {
        let rules = [
            (
                "connections_max",
                self.connections_max > 0,
                "it must be at least 1",
            ),
            (
                "newcomers_max",
                self.newcomers_max > 0,
                "it must be at least 1",
            ),
            (
                "connections_per_collector_max",
                self.connections_per_collector_max > 0,
                "it must be at least 1",
            ),
            (
                "streams_in_flight_max",
                (1..=64).contains(&self.streams_in_flight_max),
                "it must be 1 to 64: every stream costs memory in every connection",
            ),
            (
                "stream_bytes_per_second_min",
                self.stream_bytes_per_second_min > 0,
                "it must be at least 1",
            ),
            (
                "assembly_bytes_max",
                self.assembly_bytes_max >= self.batch_bytes_max,
                "it must hold at least one batch of batch_bytes_max",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            None => Ok(()),
            Some((name, _, reason)) => Err(Error::Setting { name, reason }),
        }
    }

    /// Returns what connections may take together, whatever comes over them (E-3).
    ///
    /// Batches are not among it: from the end of their header on they have `assembly_bytes_max`.
    pub fn connection_bytes_max(&self) -> u64 {
        connection_bytes(self.connections_max as u64, self.newcomers_max as u64)
            .saturating_add(self.windows_bytes_max)
    }

    /// Returns how many connections the endpoint may hold, in whatever state.
    pub(crate) fn places(&self) -> usize {
        self.connections_max
            .saturating_add(self.newcomers_max.saturating_mul(2))
    }

    /// Returns the limits of a frame.
    pub fn limits(&self) -> Limits {
        Limits {
            batch_bytes_max: self.batch_bytes_max,
            rows_max: self.batch_rows_max,
            ..Limits::default()
        }
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        milliseconds(self.handshake_timeout_ms)
    }

    pub(crate) fn linger(&self) -> Duration {
        milliseconds(self.linger_ms)
    }

    pub(crate) fn drain_timeout(&self) -> Duration {
        milliseconds(self.drain_timeout_ms)
    }

    pub(crate) fn assembly_wait(&self) -> Duration {
        milliseconds(self.assembly_wait_ms)
    }

    /// Returns how long a stream may take that has brought this many bytes so far.
    pub(crate) fn patience(&self, received_bytes: u64) -> Duration {
        let earned = received_bytes.saturating_mul(1_000);
        let rate = u64::from(self.stream_bytes_per_second_min).max(1);
        milliseconds(self.stream_timeout_ms) + Duration::from_millis(earned / rate)
    }
}

/// Returns what so many connections and newcomers take at most, beyond what windows are lent (E-3).
pub fn connection_bytes(connections_max: u64, newcomers_max: u64) -> u64 {
    // As many as come may be closing.
    let places = connections_max.saturating_add(newcomers_max.saturating_mul(2));
    let greetings = newcomers_max.saturating_mul(GREETING_BYTES);
    places
        .saturating_mul(CONNECTION_BYTES)
        .saturating_add(greetings)
}

/// What one connection takes at most: its window of the beginning, and the state of QUIC, TLS and
/// its streams.
const CONNECTION_BYTES: u64 = 56 << 10;
/// What the greeting of a connection may take beyond that.
const GREETING_BYTES: u64 = 64 << 10;

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_usable_and_contradictions_are_named() {
        assert!(Settings::default().check().is_ok());
        let small = Settings {
            assembly_bytes_max: 1,
            ..Settings::default()
        };
        let refusal = small.check().unwrap_err().to_string();
        assert!(refusal.contains("assembly_bytes_max"), "{refusal}");
        let many = Settings {
            streams_in_flight_max: 1_000,
            ..Settings::default()
        };
        assert!(many.check().is_err());
    }

    #[test]
    fn a_trickle_earns_no_patience_and_a_slow_line_enough() {
        let settings = Settings::default();
        assert_eq!(settings.patience(100).as_secs(), 10);
        assert_eq!(settings.patience(16 << 20).as_secs(), 10 + 1_024);
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(serde_json::from_str::<Settings>("{\"linger_ms\":1}").is_ok());
        assert!(serde_json::from_str::<Settings>("{\"linger\":1}").is_err());
    }
}
