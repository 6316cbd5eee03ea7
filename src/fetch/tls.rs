//! How https connections are secured.
//!
//! The cryptography (ring) is passed in here and not installed for the process, so that a program that uses
//! this crate as a library keeps its own choice. Certificates are those of the system.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// TLS for the client, and why no https site can be trusted, if so.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) config: ClientConfig,
    pub(super) no_certificates: Option<String>,
}

impl Tls {
    /// TLS with the system's CA certificates. Without any, http and files must still work, so their absence is not an
    /// error until https is asked for.
    ///
    /// # Errors
    /// If the cryptography cannot do the protocol versions.
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let versions = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()
        };
        let (builder, no_certificates) = match versions()?.with_platform_verifier() {
            Ok(builder) => (builder, None),
            Err(error) => {
                (versions()?.with_root_certificates(RootCertStore::empty()), Some(error.to_string()))
            }
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config, no_certificates })
    }
}
