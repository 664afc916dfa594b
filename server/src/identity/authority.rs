//! The server's own certificate authority.

use engine::AuthorityRecord;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};

use super::sha256;
use crate::Error;

/// The authority, ready to sign.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A client certificate and what the catalogue remembers of it.
#[derive(Debug)]
pub(crate) struct IssuedCertificate {
    /// The certificate, DER.
    pub(crate) certificate_der: Vec<u8>,
    /// By which a connection is recognised.
    pub(crate) certificate_sha256: [u8; 32],
}

impl Authority {
    /// Makes a new authority, as it is kept in the catalogue.
    ///
    /// # Errors
    /// [`Error::Certificate`] when keys or certificates cannot be made.
    pub(crate) fn create() -> Result<AuthorityRecord, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = name("pgAnalytics authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params);
        let certificate = params.self_signed(&key)?;
        let certificate_der = certificate.der().to_vec();
        Ok(AuthorityRecord {
            certificate_der,
            key_der: key.serialize_der(),
        })
    }

    /// Returns the authority that the catalogue holds.
    ///
    /// # Errors
    /// [`Error::Certificate`] when the record cannot be read.
    pub(crate) fn from_record(record: &AuthorityRecord) -> Result<Self, Error> {
        let certificate = CertificateDer::from(record.certificate_der.clone());
        let key = KeyPair::try_from(record.key_der.as_slice())?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// Returns the SHA-256 of the authority's certificate, which every token carries.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.certificate)
    }

    /// Returns the authority's certificate.
    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Returns a certificate chain and key for this server under these names.
    ///
    /// # Errors
    /// [`Error::Certificate`] when a name cannot stand in a certificate.
    pub(crate) fn server_chain(
        &self,
        names: Vec<String>,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = name("pgAnalytics server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((
            vec![certificate.der().clone(), self.certificate.clone()],
            key,
        ))
    }

    /// Signs a collector's request; the name is the registered one, whatever the request says.
    ///
    /// # Errors
    /// [`Error::Certificate`] when the request is not a sound PKCS #10 request.
    pub(crate) fn sign_collector(
        &self,
        collector: &str,
        request: &[u8],
    ) -> Result<IssuedCertificate, Error> {
        let request = CertificateSigningRequestDer::from(request);
        let mut signing = CertificateSigningRequestParams::from_der(&request)?;
        signing.params = CertificateParams::new(Vec::new())?;
        signing.params.distinguished_name = name(collector);
        signing.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        signing.params.use_authority_key_identifier_extension = true;
        set_validity(&mut signing.params);
        let certificate_der = signing.signed_by(&self.issuer)?.der().to_vec();
        let certificate_sha256 = sha256(&certificate_der);
        Ok(IssuedCertificate {
            certificate_der,
            certificate_sha256,
        })
    }
}

/// Returns the SHA-256 of the public key that a signing request carries.
///
/// # Errors
/// [`Error::Certificate`] when the request is not a sound PKCS #10 request.
pub(crate) fn public_key_sha256(request: &[u8]) -> Result<[u8; 32], Error> {
    let request = CertificateSigningRequestDer::from(request);
    let request = CertificateSigningRequestParams::from_der(&request)?;
    Ok(sha256(rcgen::PublicKeyData::der_bytes(&request.public_key)))
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Certificates do not expire within a server's life: revocation is by the catalogue, at once, and a
/// monitoring system must not fall silent on a date that nobody remembers.
fn set_validity(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(2074, 1, 1);
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::Authority;

    fn request(key: &KeyPair) -> Vec<u8> {
        let params = CertificateParams::new(vec!["liar".into()]).unwrap();
        params.serialize_request(key).unwrap().der().to_vec()
    }

    #[test]
    fn a_stored_authority_signs_under_the_registered_name() {
        let authority = Authority::from_record(&Authority::create().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let issued = authority
            .sign_collector("collector-1", &request(&key))
            .unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(&issued.certificate_der).unwrap();
        assert_eq!(parsed.subject().to_string(), "CN=collector-1");
        assert_eq!(parsed.issuer().to_string(), "CN=pgAnalytics authority");
        assert!(parsed.subject_alternative_name().unwrap().is_none());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let authority = Authority::from_record(&Authority::create().unwrap()).unwrap();
        assert!(authority.sign_collector("c", b"garbage").is_err());
    }
}
