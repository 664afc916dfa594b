//! File systems of our own: ext4 on a loop device, in a mount namespace that ends with the process,
//! so that nothing stays behind however it ends.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::sleep;

/// Returns what is missing on this machine, if something is.
pub(crate) fn missing() -> Option<String> {
    let has = |program: &str| {
        let mut search = Command::new("sh");
        search.args(["-c", &format!("command -v {program}")]);
        let status = search.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !is_root() {
        return Some("mounting needs root".to_owned());
    }
    if !Path::new("/dev/loop-control").exists() {
        return Some("there are no loop devices".to_owned());
    }
    let programs = [
        "unshare",
        "mount",
        "umount",
        "losetup",
        "mkfs.ext4",
        "perl",
        "fallocate",
    ];
    let absent: Vec<&str> = programs
        .into_iter()
        .filter(|program| !has(program))
        .collect();
    (!absent.is_empty()).then(|| format!("not installed: {}", absent.join(", ")))
}

/// Becomes this program again, in a mount namespace of its own; returns only when this is that run,
/// or with the code to end with when that cannot be.
pub(crate) fn in_own_namespace(words: &[String]) -> Option<ExitCode> {
    if std::env::var_os(MARK).is_some() {
        return None;
    }
    let program = std::env::current_exe().ok()?;
    let error = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(program)
        .args(words)
        .env(MARK, "1")
        .exec();
    eprintln!("unshare: {error}");
    Some(ExitCode::FAILURE)
}

/// An ext4 file system in a file.
#[derive(Debug)]
pub(crate) struct Ext4 {
    image: PathBuf,
    mount: PathBuf,
    /// In memory and, where it is ours alone, of a bounded size.
    tmpfs: PathBuf,
    _dir: TempDir,
}

impl Ext4 {
    /// Makes a file system of so many megabytes on a tmpfs that holds as many and `spare` more.
    ///
    /// # Errors
    /// The programs', in words.
    pub(crate) fn make(megabytes: u64, spare: u64) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (tmpfs, mount) = (dir.path().join("memory"), dir.path().join("disk"));
        for path in [&tmpfs, &mount] {
            std::fs::create_dir(path).map_err(|error| error.to_string())?;
        }
        let size = format!("size={}m", megabytes + spare);
        run(
            "mount",
            &["-t", "tmpfs", "-o", &size, "tmpfs", &text(&tmpfs)],
        )?;
        let ext4 = Self {
            image: tmpfs.join("image"),
            mount,
            tmpfs,
            _dir: dir,
        };
        run(
            "truncate",
            &["-s", &format!("{megabytes}M"), &text(&ext4.image)],
        )?;
        Ok(ext4)
    }

    /// Makes it with a journal and mounts it.
    ///
    /// # Errors
    /// The programs', in words.
    pub(crate) fn with_journal(self) -> Result<Self, String> {
        run("mkfs.ext4", &["-q", "-F", "-b", "4096", &text(&self.image)])?;
        self.mount()?;
        Ok(self)
    }

    /// Makes it without a journal, which would stop it at the first error, and mounts it.
    ///
    /// # Errors
    /// The programs', in words.
    pub(crate) fn without_journal(self) -> Result<Self, String> {
        run(
            "mkfs.ext4",
            &[
                "-q",
                "-F",
                "-b",
                "4096",
                "-O",
                "^has_journal",
                &text(&self.image),
            ],
        )?;
        self.mount()?;
        Ok(self)
    }

    /// Mounts it; the loop device goes when it is unmounted.
    pub(crate) fn mount(&self) -> Result<(), String> {
        let (image, mount) = (text(&self.image), text(&self.mount));
        run("mount", &["-o", "loop,errors=continue", &image, &mount])?;
        self.write_by_the_page()
    }

    /// Makes requests no longer than a page, as blocks are: the loop driver calls a request done of which the file
    /// below took only the beginning, and no disk lies in that way.
    ///
    /// **Source:** linux/drivers/block/loop.c, `lo_complete_rq`: only a short *read* goes on.
    fn write_by_the_page(&self) -> Result<(), String> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let ours = text(&self.mount);
        let device = mounts.lines().find_map(|line| {
            let mut words = line.split(' ');
            let device = words.next()?.strip_prefix("/dev/")?;
            (words.next() == Some(&ours)).then(|| device.to_owned())
        });
        let device = device.ok_or("the loop device is not listed")?;
        let limit = format!("/sys/block/{device}/queue/max_sectors_kb");
        run("sh", &["-c", &format!("echo 4 > {limit}")])
    }

    /// Unmounts it; the kernel may hold it for a moment after its last user has gone.
    pub(crate) fn unmount(&self) -> Result<(), String> {
        let mut outcome = Ok(());
        for _ in 0..100 {
            outcome = run("umount", &[&text(&self.mount)]);
            if outcome.is_ok() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        outcome
    }

    /// Cuts the power: nothing that is not on the disk gets there, the journal's buffer included.
    ///
    /// **Source:** linux/fs/ext4/ioctl.c, `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`.
    pub(crate) fn cut(&self) -> Result<(), String> {
        let script = "open(my $dir, '<', $ARGV[0]) or die $!; \
                      my $flag = pack('L', 2); ioctl($dir, 0x8004587d, $flag) or die $!;";
        run("perl", &["-e", script, &text(&self.mount)])
    }

    /// Adds where to look to a violation, and copies what is on the disk to there.
    pub(crate) fn keep(&self, violation: String) -> String {
        let Ok(kept) = tempfile::Builder::new().prefix("torture-kept-").tempdir() else {
            return violation;
        };
        let kept = kept.keep();
        match run("cp", &["-a", &text(&self.mount), &text(&kept)]) {
            Ok(()) => format!("{violation} (kept in {})", kept.display()),
            Err(error) => format!("{violation} (not kept: {error})"),
        }
    }

    /// Returns where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.mount
    }

    /// Returns the file that it lies in.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    /// Returns a file beside the image, to fill the memory that it lies in.
    pub(crate) fn filler(&self) -> PathBuf {
        self.tmpfs.join("filler")
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        for path in [&self.mount, &self.tmpfs] {
            Command::new("umount")
                .arg("-l")
                .arg(path)
                .stderr(Stdio::null())
                .status()
                .ok();
        }
    }
}

/// Runs a program to its end.
///
/// # Errors
/// What it said, when it did not succeed.
pub(crate) fn run(program: &str, words: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(words).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program} {words:?}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

const MARK: &str = "TORTURE_IN_NAMESPACE";
