//! A full disk: writes are refused before anything is taken, reads go on, and with room it goes on.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::harness::{Api, ServerOptions, ServerProcess, eventually};

/// A small filesystem of our own, unmounted when dropped.
struct SmallDisk {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(megabytes: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small");
        std::fs::create_dir(&path).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a tmpfs and needs root"
        );
        Self { path, _dir: dir }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(&self.path)
            .status()
            .ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_keeps_reading_and_recovers() {
    // A part has about half the bytes that its rows have in the log, so that what the filler leaves
    // to the log becomes parts in the filler's place.
    let disk = SmallDisk::mount(56);
    let filler = disk.path.join("filler");
    std::fs::write(&filler, vec![1_u8; 24 << 20]).unwrap();
    let options = ServerOptions::default()
        .with("STORE__LOG__SEGMENT_BYTES", "2097152")
        .with("STORE__FLUSH_BYTES", "4194304")
        .with("LOG__LEVEL", "error");
    let server = ServerProcess::start(&disk.path.join("data"), &options);
    let api = server.api();
    let mut acked = 0;
    let refusal = loop {
        let reply = api
            .write(lines(acked))
            .await
            .expect("the server goes on answering");
        match reply.status.as_u16() {
            204 => acked += 1,
            503 => break reply,
            other => panic!("{other}: {}", reply.body),
        }
        assert!(acked < 10_000, "the disk never became full");
    };
    assert!(refusal.headers.contains_key("retry-after"));
    assert!(
        refusal.body.contains("disk") || refusal.body.contains("space"),
        "{}",
        refusal.body
    );
    assert_eq!(rows(&api).await, acked * ROWS, "reads go on");
    assert!(acked > 0);

    std::fs::remove_file(&filler).unwrap();
    eventually("writes are taken again", async || {
        api.write(lines(acked))
            .await
            .is_ok_and(|reply| reply.status == 204)
    })
    .await;
    acked += 1;
    assert_eq!(rows(&api).await, acked * ROWS);
    eventually(
        "with room, memtables become parts and the log is let go",
        async || {
            api.post("/api/v1/maintenance/flush?wait=true", &json!({}))
                .await
                .status
                == 200
        },
    )
    .await;
    let server = server.crash_and_restart(&options);
    assert_eq!(
        rows(&server.api()).await,
        acked * ROWS,
        "nothing acknowledged is lost"
    );
    assert_full_disk_at_start_is_told(&disk.path);
    assert_eq!(
        server
            .api()
            .post("/api/v1/maintenance/flush?wait=true", &json!({}))
            .await
            .status,
        200
    );
}

/// A directory on a full disk cannot become a data directory, and says so.
fn assert_full_disk_at_start_is_told(disk: &Path) {
    let filler = disk.join("filler-2");
    std::fs::write(&filler, vec![1_u8; 64 << 20]).expect_err("the disk is smaller than that");
    let outcome = ServerProcess::try_start(&disk.join("other"), &ServerOptions::default());
    assert_eq!(outcome.err(), Some(Some(1)));
    std::fs::remove_file(&filler).unwrap();
}

async fn rows(api: &Api) -> i64 {
    api.number("SELECT count(*) FROM full_disk").await
}

const ROWS: i64 = 500;

/// Rows that do not compress: a hash in each.
fn lines(batch: i64) -> String {
    let row = |n: i64| {
        let hash = n
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed())
            .rotate_left(31)
            .wrapping_mul(n | 1);
        format!(
            "full_disk,host=h{} a={hash}i,text=\"{hash:x}{:x}\" {n}\n",
            n % 10,
            hash.rotate_left(7) ^ n
        )
    };
    (batch * ROWS..(batch + 1) * ROWS).map(row).collect()
}
