//! Files that are right, wrong, and wrong by one letter.

use schema::Span;
use wire::{Secret, Token, TokenKind};

use super::{ByteSize, Settings, SpoolUntil};

fn token(kind: TokenKind) -> String {
    Token {
        kind,
        id: "t".into(),
        secret: Secret::new([1; 32]),
        authority: [2; 32],
        http: Vec::new(),
        quic: vec!["127.0.0.1:7443".into()],
    }
    .to_text()
}

fn file() -> String {
    format!(
        r#"
[collector]
name = "collector-1"
token = "{}"
state = "/var/lib/c"
spool_bytes_max = "2GiB"

[[instance]]
name = "orders-primary"
url = "postgres://monitor@db1.internal:5432/postgres?sslmode=verify-full"
databases = ["*", "!template*"]

[intervals]
activity = "2s"

[spool]
until = "durable"
"#,
        token(TokenKind::Enrolment)
    )
}

fn refusal(text: &str) -> String {
    Settings::parse(text).unwrap_err().to_string()
}

#[test]
fn the_file_of_the_documentation_is_read_and_the_rest_has_defaults() {
    let settings = Settings::parse(&file()).unwrap();
    assert_eq!(settings.name.as_str(), "collector-1");
    assert_eq!(settings.spool_bytes_max, ByteSize(2 << 30));
    assert_eq!(settings.spool_until, SpoolUntil::Durable);
    assert_eq!(settings.intervals.activity, Span::from_secs(2));
    assert_eq!(settings.intervals.statements, Span::from_secs(60));
    let instance = &settings.instances[0];
    assert!(!instance.is_local && !instance.databases.wants(Some("template0")));
}

#[test]
fn log_files_are_taken_and_remembered_for_a_warning() {
    let text = file().replace("databases =", "log_files = [\"/x/*.json\"]\ndatabases =");
    assert!(Settings::parse(&text).unwrap().instances[0].names_log_files);
    assert!(!Settings::parse(&file()).unwrap().instances[0].names_log_files);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one_and_its_line() {
    let error = refusal(&file().replace("databases", "database"));
    assert!(
        error.contains("did you mean `databases`?") && error.contains("line 11"),
        "{error}"
    );
    let error = refusal(&file().replace("activity", "activty"));
    assert!(error.contains("did you mean `activity`?"), "{error}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (from, to, expected) in [
        ("name = \"collector-1\"", "name = \"a/b\"", "collector.name"),
        ("2GiB", "1MiB", "spool_bytes_max"),
        ("2GiB", "much", "is not a size"),
        ("\"2s\"", "\"1ms\"", "intervals.activity"),
        ("\"durable\"", "\"never\"", "never"),
        ("sslmode=verify-full", "sslmode=yes", "sslmode"),
        (
            "databases =",
            "password_file = \"f\"\npassword_command = \"c\"\ndatabases =",
            "either password_file or password_command",
        ),
        (
            "state =",
            "token_file = \"f\"\nstate =",
            "either token or token_file",
        ),
    ] {
        let error = refusal(&file().replace(from, to));
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_timeout_of_nothing_would_be_without_end_and_is_refused() {
    for name in [
        "statement_timeout",
        "activity_timeout",
        "text_timeout",
        "lock_timeout",
    ] {
        let with = |span| format!("{}\n[limits]\n{name} = \"{span}\"\n", file());
        for span in ["0s", "0ms"] {
            let error = refusal(&with(span));
            let place = format!("limits.{name}");
            assert!(
                error.contains(&place) && error.contains("at least 1ms"),
                "{error}"
            );
        }
        assert!(Settings::parse(&with("1ms")).is_ok(), "{name}");
    }
}

#[test]
fn a_token_is_an_enrolment_token_and_never_shown() {
    let (right, wrong) = (token(TokenKind::Enrolment), token(TokenKind::Api));
    let error = refusal(&file().replace(&right, &wrong));
    assert!(
        error.contains("collector register") && !error.contains("pga_"),
        "{error}"
    );
    let error = refusal(&file().replace(&right, "pga_nonsense"));
    assert!(!error.contains("nonsense"), "{error}");
    assert!(!format!("{:?}", Settings::parse(&file()).unwrap()).contains("pga_"));
}

#[test]
fn an_instance_is_needed_and_none_comes_twice() {
    let text = file();
    let (head, tail) = text.split_once("[[instance]]").unwrap();
    let (instance, rest) = tail.split_once("[intervals]").unwrap();
    let none = format!("{head}[intervals]{rest}");
    assert!(refusal(&none).contains("add an [[instance]]"));
    let twice = format!("{head}[[instance]]{instance}[[instance]]{instance}[intervals]{rest}");
    assert!(refusal(&twice).contains("given twice"));
}
