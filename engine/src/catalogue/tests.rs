//! Goal: the catalogue refuses what contradicts it and shows no secret.

use schema::{CollectorName, Timestamp};

use super::{AuthorityRecord, Catalogue, CatalogueEdit, CollectorRecord, Role, TokenRecord};
use crate::Kind;

fn token(enrols: Option<&str>) -> TokenRecord {
    TokenRecord {
        id: "t1".into(),
        name: "grafana".into(),
        role: Role::Reader,
        secret_sha256: [0xab; 32],
        created: Timestamp::from_nanos(0),
        expires: Some(Timestamp::from_nanos(10)),
        revoked: false,
        enrols: enrols.map(|name| CollectorName::new(name).unwrap()),
        used_by_key: None,
    }
}

fn collector() -> CollectorRecord {
    CollectorRecord {
        name: CollectorName::new("c").unwrap(),
        instances: Vec::new(),
        certificate_sha256: None,
        public_key_sha256: None,
        created: Timestamp::from_nanos(0),
        revoked: false,
    }
}

fn enrolled(key: u8) -> CatalogueEdit {
    CatalogueEdit::Enrol {
        token: "t1".into(),
        key_sha256: [key; 32],
        certificate_sha256: [key + 100; 32],
    }
}

fn revoked() -> CatalogueEdit {
    let name = CollectorName::new("c").unwrap();
    CatalogueEdit::RevokeCollector { name }
}

/// Returns a catalogue with a collector `c` and a token that enrols it, or nobody.
fn registered(enrols: Option<&str>) -> Catalogue {
    let edits = [
        CatalogueEdit::PutCollector(collector()),
        CatalogueEdit::PutToken(token(enrols)),
    ];
    edits.iter().fold(Catalogue::default(), |catalogue, edit| {
        catalogue.edited(edit).unwrap()
    })
}

#[test]
fn an_enrolment_token_serves_one_key() {
    let once = registered(Some("c")).edited(&enrolled(1)).unwrap();
    let certificate = once.collector("c").unwrap().certificate_sha256;
    assert_eq!(certificate, Some([101; 32]));
    assert!(
        once.edited(&enrolled(1)).is_ok(),
        "the same key may come again"
    );
    assert_eq!(once.edited(&enrolled(2)).unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn a_revoked_or_plain_token_enrols_nobody() {
    assert!(registered(None).edited(&enrolled(1)).is_err());
    let revoke = CatalogueEdit::RevokeToken { id: "t1".into() };
    let revoked = registered(Some("c")).edited(&revoke).unwrap();
    assert!(revoked.edited(&enrolled(1)).is_err());
    assert!(
        !revoked
            .token("t1")
            .unwrap()
            .is_valid_at(Timestamp::from_nanos(0))
    );
}

#[test]
fn a_revoked_collector_does_not_enrol_again_under_its_name() {
    let once = registered(Some("c")).edited(&enrolled(1)).unwrap();
    let gone = once.edited(&revoked()).unwrap();
    assert!(gone.edited(&enrolled(1)).is_err());
    let again = CatalogueEdit::PutCollector(collector());
    let again = gone.edited(&again).unwrap();
    let refusal = again.edited(&enrolled(1)).unwrap_err().to_string();
    assert!(refusal.contains("revoked"), "{refusal}");
    assert_eq!(again.collector("c").unwrap().certificate_sha256, None);
}

#[test]
fn a_token_ends_when_it_expires() {
    assert!(token(None).is_valid_at(Timestamp::from_nanos(9)));
    assert!(!token(None).is_valid_at(Timestamp::from_nanos(10)));
}

#[test]
fn what_is_absent_is_named() {
    let edit = CatalogueEdit::RevokeToken {
        id: "nobody".into(),
    };
    let refusal = Catalogue::default().edited(&edit).unwrap_err();
    assert!(refusal.to_string().contains("nobody"), "{refusal}");
}

#[test]
fn debug_shows_no_secret() {
    let authority = AuthorityRecord {
        certificate_der: vec![1, 2, 3],
        key_der: vec![77, 78, 79],
    };
    let shown = format!("{:?} {authority:?}", token(None));
    assert!(!shown.contains("171") && !shown.contains("77"), "{shown}");
}
