//! How much one frame may hold.

/// The limits that are checked before a byte of a frame is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a batch, in bytes; default 16 MiB. A connection may hold one per stream.
    pub batch_bytes_max: u32,
    /// The longest body of any other frame, in bytes; default 64 KiB.
    pub message_bytes_max: u32,
    /// The most rows of one batch, over all tables; default 1 048 576.
    pub rows_max: usize,
    /// The most tables of one batch; default 1 024.
    pub tables_max: usize,
    /// The most columns of one table in a batch; default 2 048.
    pub columns_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes_max: 16 << 20,
            message_bytes_max: 64 << 10,
            rows_max: 1 << 20,
            tables_max: 1 << 10,
            columns_max: 2 << 10,
        }
    }
}
