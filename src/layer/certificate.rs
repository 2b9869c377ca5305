//! What a server is known by: a certificate with its key, read from files or made for trying.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike, Days, NaiveDate};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use rustls::crypto::ring::{self as provider, Ticketer};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{Error, InconsistentKeys};

/// How long a certificate made for trying is valid.
const VALID_DAYS: u64 = 365;

/// Reads a chain of certificates, the server's own first, and the key that belongs to it: PEM files,
/// the key in PKCS#8, PKCS#1 or SEC1. A certificate that has expired is taken.
///
/// # Errors
/// One line that says what is wrong with which file.
pub(super) fn load(
    cert: &Path,
    key: &Path,
    read: impl Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Arc<ServerConfig>, String> {
    let (shown_cert, shown_key) = (cert.display(), key.display());
    let text_of = |path: &Path| read(path).map_err(|e| unreadable(path, &e));
    let chain = CertificateDer::pem_slice_iter(&text_of(cert)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| format!("{shown_cert} is not a good PEM file"))?;
    if chain.is_empty() {
        return Err(format!("there is no certificate in {shown_cert}"));
    }
    let key = PrivateKeyDer::from_pem_slice(&text_of(key)?).map_err(|e| match e {
        pem::Error::NoItemsFound => {
            format!("there is no private key in {shown_key}, or none without a password")
        }
        _ => format!("{shown_key} is not a good PEM file"),
    })?;
    config(chain, key).map_err(|e| match e {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            format!("the key in {shown_key} does not belong to the certificate in {shown_cert}")
        }
        Error::InvalidCertificate(_) => {
            format!("the certificate in {shown_cert} is not a good one")
        }
        Error::General(why) => format!("the key in {shown_key} cannot be used: {why}"),
        e => format!("the key in {shown_key} cannot be used: {e}"),
    })
}

/// Makes a certificate for trying, for this machine's names, good from `unix_ms` on, and tells its SHA-256
/// fingerprint as openssl does.
///
/// # Errors
/// One line that says why it cannot be made.
pub(super) fn self_signed(host: String, unix_ms: u64) -> Result<SelfSigned, String> {
    let failed = |e: &dyn Display| format!("cannot make a certificate: {e}");
    let (certificate, key) = issue(host, unix_ms).map_err(|e| failed(&e))?;
    let fingerprint = fingerprint(&certificate);
    let ends = today(unix_ms) + Days::new(VALID_DAYS);
    let certificate_pem = format!("{ENDS}{ends}\n{}", pem("CERTIFICATE", &certificate));
    let key_pem = pem("PRIVATE KEY", key.secret_der());
    let config = config(vec![certificate], key).map_err(|e| failed(&e))?;
    Ok(SelfSigned {
        config,
        fingerprint,
        certificate_pem,
        key_pem,
    })
}

/// A certificate made for trying, and how it is kept.
pub(super) struct SelfSigned {
    pub(super) config: Arc<ServerConfig>,
    pub(super) fingerprint: String,
    pub(super) certificate_pem: String,
    pub(super) key_pem: String,
}

/// What stands before the day on which it ends, above it in its file: a note, as PEM has them (RFC 7468 section 5.2).
const ENDS: &str = "Ends: ";

/// The day on which a certificate ends that was made here, as its file has it.
pub(super) fn ends(certificate_pem: &str) -> Option<NaiveDate> {
    certificate_pem
        .lines()
        .next()?
        .strip_prefix(ENDS)?
        .parse()
        .ok()
}

/// The day of an instant, in UTC.
pub(super) fn today(unix_ms: u64) -> NaiveDate {
    let now = i64::try_from(unix_ms).ok();
    let now = now.and_then(DateTime::from_timestamp_millis);
    now.unwrap_or_default().date_naive()
}

/// The fingerprint of the first certificate of a PEM file.
pub(super) fn fingerprint_of(certificate_pem: &[u8]) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(certificate_pem).ok()?;
    Some(fingerprint(&certificate))
}

/// A file of one thing (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = BASE64.encode(der);
    for line in encoded.as_bytes().chunks(64) {
        text.extend(line.iter().map(|&byte| char::from(byte)));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// Nothing is kept of a session for the next one: what it takes stands in the ticket that the client
/// keeps, one for each connection.
pub(super) fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Ticketer::new()?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// ECDSA on P-256, for which a handshake costs the server least of all that every client knows.
pub(super) fn issue(
    host: String,
    unix_ms: u64,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let mut names = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if !host.is_empty() && host != "localhost" && host.chars().all(is_name) {
        names.push(host);
    }
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "Hubbub, for trying");
    let today = today(unix_ms);
    let midnight =
        |date: NaiveDate| date_time_ymd(date.year(), date.month() as u8, date.day() as u8);
    // A peer whose clock is a little late takes it as well.
    parameters.not_before = midnight(today - Days::new(1));
    parameters.not_after = midnight(today + Days::new(VALID_DAYS));
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((
        certificate.into(),
        PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    ))
}

/// `AB:CD:…`
fn fingerprint(certificate: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    let bytes: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn file(name: &str) -> PathBuf {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/tls");
        Path::new(directory).join(name)
    }

    fn read(path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    #[test]
    fn keys_of_all_kinds_are_read() {
        for (cert, key) in [
            ("rsa.pem", "rsa.key"),
            ("chain.pem", "chain.key"),
            ("expired.pem", "expired.key"),
        ] {
            load(&file(cert), &file(key), read).expect(cert);
        }
    }

    #[test]
    fn what_is_wrong_is_one_line_that_names_the_file() {
        for (cert, key, culprit, wrong) in [
            ("missing.pem", "rsa.key", "missing.pem", "cannot read"),
            ("rsa.pem", "missing.key", "missing.key", "cannot read"),
            ("", "rsa.key", "tls/", "cannot read"),
            ("rsa.key", "rsa.key", "rsa.key", "no certificate"),
            ("rsa.pem", "rsa.pem", "rsa.pem", "no private key"),
            (
                "chain.pem",
                "password.key",
                "password.key",
                "without a password",
            ),
            ("no_base64.pem", "rsa.key", "no_base64.pem", "PEM"),
            ("cut.pem", "rsa.key", "cut.pem", "PEM"),
            ("no_der.pem", "rsa.key", "no_der.pem", "not a good one"),
            ("chain.pem", "expired.key", "expired.key", "does not belong"),
            ("chain.pem", "rsa.key", "chain.pem", "does not belong"),
            ("chain.pem", "x25519.key", "x25519.key", "cannot be used"),
        ] {
            let error = load(&file(cert), &file(key), read).expect_err(wrong);
            assert!(error.contains(wrong) && error.contains(culprit), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_fingerprint_is_written_as_openssl_does() {
        let certificates = CertificateDer::from_pem_file(file("rsa.pem"));
        let certificate = certificates.expect("a certificate");
        assert_eq!(
            fingerprint(&certificate),
            "A3:91:E9:7E:20:05:CC:4F:22:8B:9E:0A:8D:86:38:71:2A:6A:03:48:C1:09:68:40:C7:54:B1:C8:AF:CC:BE:18"
        );
        let another = self_signed(String::from("a-host"), 0).expect("a certificate");
        assert_eq!(another.fingerprint.len(), 32 * 3 - 1);
        let text = another.certificate_pem;
        assert_eq!(
            ends(&text).map(|day| day.to_string()),
            Some("1971-01-01".into())
        );
        assert_eq!(fingerprint_of(text.as_bytes()), Some(another.fingerprint));
    }
}
