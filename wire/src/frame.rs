//! Frames: a fixed header, then a body; and the decoder that cuts a stream into them.
//!
//! ```text
//!  offset  bytes  field     meaning
//!       0      4  magic     "pgAF"
//!       4      2  version   1
//!       6      2  kind      see FrameKind
//!       8      4  length    bytes of the body
//!      12      4  flags     0
//!      16      8  layout    the fingerprint of the rkyv types of this version
//!      24      8  reserved  0
//! ```
//! All numbers are little-endian. The body starts at a multiple of 16, as rkyv wants it.

use rkyv::util::AlignedVec;

use crate::{Error, Limits};

/// The length of a frame's header.
pub const HEADER_BYTES: usize = 32;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum FrameKind {
    /// Collector → server, first on the control stream: who I am.
    Hello = 1,
    /// Server → collector: welcome, and what is in force.
    Welcome = 2,
    /// Collector → server instead of Hello: the enrolment token's secret and a signing request.
    Enrol = 3,
    /// Server → collector: the client certificate.
    Enrolled = 4,
    /// Collector → server, on a stream of its own: rows.
    Batch = 5,
    /// Server → collector: the batch is on disk.
    Ack = 6,
    /// Server → collector: no, why, and when to come again.
    Refusal = 7,
    /// Server → collector, on the control stream: everything up to here is in the object store.
    Archived = 8,
    /// Collector → server, on the control stream: how the collector is.
    Status = 9,
}

impl FrameKind {
    fn from_number(number: u16) -> Result<Self, Error> {
        Ok(match number {
            1 => Self::Hello,
            2 => Self::Welcome,
            3 => Self::Enrol,
            4 => Self::Enrolled,
            5 => Self::Batch,
            6 => Self::Ack,
            7 => Self::Refusal,
            8 => Self::Archived,
            9 => Self::Status,
            actual => return Err(Error::FrameKind { actual }),
        })
    }

    fn bytes_max(self, limits: &Limits) -> u32 {
        match self {
            Self::Batch => limits.batch_bytes_max,
            _ => limits.message_bytes_max,
        }
    }
}

/// A frame's header, read and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the frame carries.
    pub kind: FrameKind,
    /// The length of the body.
    pub body_bytes: u32,
}

impl FrameHeader {
    /// Reads a header and checks it against the limits, before anything is allocated for its body.
    ///
    /// # Errors
    /// [`Error::Magic`], [`Error::Version`], [`Error::FrameKind`], [`Error::FrameBytes`], or
    /// [`Error::Malformed`] for reserved bytes that are not zero or types of another layout.
    pub fn read(bytes: &[u8; HEADER_BYTES], limits: &Limits) -> Result<Self, Error> {
        let [
            m0,
            m1,
            m2,
            m3,
            v0,
            v1,
            k0,
            k1,
            l0,
            l1,
            l2,
            l3,
            f0,
            f1,
            f2,
            f3,
            layout @ ..,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
        ] = *bytes;
        let magic = u32::from_le_bytes([m0, m1, m2, m3]);
        if magic != MAGIC {
            return Err(Error::Magic { actual: magic });
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(Error::Version {
                expected: VERSION,
                actual: version,
            });
        }
        let kind = FrameKind::from_number(u16::from_le_bytes([k0, k1]))?;
        if u32::from_le_bytes([f0, f1, f2, f3]) != 0 || bytes.iter().skip(24).any(|b| *b != 0) {
            return Err(Error::Malformed {
                reason: "reserved header bytes are set".into(),
            });
        }
        if u64::from_le_bytes(layout) != LAYOUT {
            return Err(Error::Malformed {
                reason: "the types have another layout".into(),
            });
        }
        let body_bytes = u32::from_le_bytes([l0, l1, l2, l3]);
        let limit = kind.bytes_max(limits);
        if body_bytes > limit {
            return Err(Error::FrameBytes {
                actual: body_bytes.into(),
                limit: limit.into(),
            });
        }
        Ok(Self { kind, body_bytes })
    }

    /// Returns the bytes of this header.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC.to_le_bytes());
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.kind as u16).to_le_bytes());
        bytes.extend(self.body_bytes.to_le_bytes());
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(LAYOUT.to_le_bytes());
        bytes.extend(0u64.to_le_bytes());
        bytes
            .try_into()
            .expect("the fields above add up to HEADER_BYTES")
    }
}

/// A whole frame: the header and the body, in one aligned buffer.
#[derive(Debug)]
pub struct Frame {
    kind: FrameKind,
    bytes: AlignedVec,
}

impl Frame {
    /// Returns the frame of this kind around a body.
    pub(crate) fn new(kind: FrameKind, body: &[u8]) -> Result<Self, Error> {
        let body_bytes = u32::try_from(body.len()).map_err(|_| Error::FrameBytes {
            actual: body.len() as u64,
            limit: u32::MAX.into(),
        })?;
        let mut bytes = AlignedVec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend_from_slice(&FrameHeader { kind, body_bytes }.to_bytes());
        bytes.extend_from_slice(body);
        Ok(Self { kind, bytes })
    }

    /// Returns what the frame carries.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or_default()
    }

    /// Returns header and body, as they travel.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives up the buffer, header first.
    pub fn into_bytes(self) -> AlignedVec {
        self.bytes
    }
}

/// Cuts the bytes of one stream into frames.
///
/// Holds at most one frame; memory grows with what has really come, not with what a header claims.
#[derive(Debug)]
pub struct FrameDecoder {
    limits: Limits,
    bytes: AlignedVec,
    header: Option<FrameHeader>,
}

impl FrameDecoder {
    /// Returns a decoder at the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: AlignedVec::new(),
            header: None,
        }
    }

    /// Takes bytes from the front of `input` and returns a frame once it is whole.
    ///
    /// Call again with the same slice until it is empty or `None` comes back.
    ///
    /// # Errors
    /// Those of [`FrameHeader::read`]; the stream is then of no more use.
    pub fn push(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Error> {
        let header = match self.header {
            Some(header) => header,
            None => {
                self.take(input, HEADER_BYTES);
                let Ok(bytes) = <&[u8; HEADER_BYTES]>::try_from(self.bytes.as_slice()) else {
                    return Ok(None);
                };
                *self.header.insert(FrameHeader::read(bytes, &self.limits)?)
            }
        };
        let frame_bytes = HEADER_BYTES + header.body_bytes as usize;
        self.take(input, frame_bytes);
        if self.bytes.len() < frame_bytes {
            return Ok(None);
        }
        self.header = None;
        Ok(Some(Frame {
            kind: header.kind,
            bytes: std::mem::take(&mut self.bytes),
        }))
    }

    /// Returns the header of the frame that has begun, once its bytes are there.
    pub fn header(&self) -> Option<FrameHeader> {
        self.header
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    /// [`Error::Truncated`] inside a frame.
    pub fn finish(&self) -> Result<(), Error> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let body = self.header.map_or(0, |header| header.body_bytes as usize);
        let missing = (HEADER_BYTES + body).saturating_sub(self.bytes.len()) as u64;
        Err(Error::Truncated { missing })
    }

    fn take(&mut self, input: &mut &[u8], until: usize) {
        let wanted = until.saturating_sub(self.bytes.len()).min(input.len());
        let (taken, rest) = input.split_at(wanted);
        self.bytes.extend_from_slice(taken);
        *input = rest;
    }
}

/// "pgAF".
const MAGIC: u32 = u32::from_le_bytes(*b"pgAF");
/// The version of header and bodies.
const VERSION: u16 = 1;
/// Changes with any rkyv type of `v1`: "pga", then the number of the layout.
pub(crate) const LAYOUT: u64 = u64::from_le_bytes(*b"pgalay02");

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame::new(FrameKind::Ack, b"0123456789").unwrap()
    }

    #[test]
    fn a_frame_comes_whole_however_it_is_cut() {
        let sent = frame();
        for cut in 0..sent.bytes().len() {
            let mut decoder = FrameDecoder::new(Limits::default());
            let (mut first, mut second) = sent.bytes().split_at(cut);
            assert!(decoder.push(&mut first).unwrap().is_none(), "cut at {cut}");
            let received = decoder
                .push(&mut second)
                .unwrap()
                .expect("the frame is whole");
            assert_eq!(
                (received.kind(), received.body()),
                (FrameKind::Ack, sent.body())
            );
            assert_eq!(decoder.finish(), Ok(()));
        }
    }

    #[test]
    fn the_header_is_known_before_the_body_comes() {
        let sent = frame();
        let mut decoder = FrameDecoder::new(Limits::default());
        let (mut head, mut body) = sent.bytes().split_at(HEADER_BYTES);
        assert!(decoder.push(&mut head).unwrap().is_none());
        assert_eq!(decoder.header().map(|header| header.body_bytes), Some(10));
        assert!(decoder.push(&mut body).unwrap().is_some());
        assert_eq!(decoder.header(), None);
    }

    #[test]
    fn two_frames_in_one_read_come_one_by_one() {
        let both = [frame().bytes(), frame().bytes()].concat();
        let (mut decoder, mut input) = (FrameDecoder::new(Limits::default()), both.as_slice());
        assert!(decoder.push(&mut input).unwrap().is_some());
        assert!(decoder.push(&mut input).unwrap().is_some());
        assert!(decoder.push(&mut input).unwrap().is_none());
    }

    #[test]
    fn a_stream_that_ends_inside_a_frame_is_truncated() {
        for cut in 1..frame().bytes().len() {
            let mut decoder = FrameDecoder::new(Limits::default());
            let bytes = frame();
            let mut input = &bytes.bytes()[..cut];
            assert!(decoder.push(&mut input).unwrap().is_none());
            assert!(
                matches!(decoder.finish(), Err(Error::Truncated { .. })),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_header_that_lies_is_refused_before_its_body_is_read() {
        let mut bytes = frame().into_bytes();
        bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut input = &bytes[..HEADER_BYTES];
        let refusal = FrameDecoder::new(Limits::default())
            .push(&mut input)
            .unwrap_err();
        assert!(matches!(refusal, Error::FrameBytes { .. }));
    }

    #[test]
    fn every_flipped_header_bit_is_noticed_or_changes_only_kind_and_length() {
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = frame().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut input = bytes.as_slice();
            let mut decoder = FrameDecoder::new(Limits::default());
            if !(6..12).contains(&(bit / 8)) {
                assert!(decoder.push(&mut input).is_err(), "bit {bit}");
            }
        }
    }
}
