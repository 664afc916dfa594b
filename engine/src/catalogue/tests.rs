//! Goal: the catalogue refuses what contradicts it and shows no secret.

use schema::{CollectorName, Timestamp};

use super::{AuthorityRecord, Catalogue, CatalogueEdit, Role, TokenRecord};
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

fn used(key: u8) -> CatalogueEdit {
    CatalogueEdit::UseToken {
        id: "t1".into(),
        key_sha256: [key; 32],
    }
}

#[test]
fn an_enrolment_token_serves_one_key() {
    let put = CatalogueEdit::PutToken(token(Some("c")));
    let catalogue = Catalogue::default().edited(&put).unwrap();
    let once = catalogue.edited(&used(1)).unwrap();
    assert!(once.edited(&used(1)).is_ok(), "the same key may come again");
    assert_eq!(once.edited(&used(2)).unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn a_revoked_or_plain_token_enrols_nobody() {
    let plain = Catalogue::default()
        .edited(&CatalogueEdit::PutToken(token(None)))
        .unwrap();
    assert!(plain.edited(&used(1)).is_err());
    let put = CatalogueEdit::PutToken(token(Some("c")));
    let revoke = CatalogueEdit::RevokeToken { id: "t1".into() };
    let revoked = Catalogue::default()
        .edited(&put)
        .unwrap()
        .edited(&revoke)
        .unwrap();
    assert!(revoked.edited(&used(1)).is_err());
    assert!(
        !revoked
            .token("t1")
            .unwrap()
            .is_valid_at(Timestamp::from_nanos(0))
    );
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
