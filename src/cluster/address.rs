//! Where a node can be reached: `HOST:PORT`, as people write it.
//!
//! Kept as text: every dial resolves the name again, so that a node may come back with another IP address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest address that is taken, in bytes; a host name has 253 at most.
const LIMIT: usize = 300;

/// Where a node can be reached. The default one is nowhere: it stands where openraft wants some value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    host: String,
    port: u16,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an address: {why}; write HOST:PORT, for example 10.0.0.1:4001, node-1:4001 or [::1]:4001"
)]
pub struct AddressError {
    text: String,
    why: &'static str,
}

impl Address {
    /// The host: an IP address without brackets, or a name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host as IP address, unless it is a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The same host with another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self { host: self.host.clone(), port }
    }

    /// Whether it can only be reached from this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// Whether it stands for all addresses of the machine, and so is none that others can dial.
    #[must_use]
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |why| AddressError { text: text.chars().take(LIMIT).collect(), why };
        if text.len() > LIMIT {
            return Err(wrong("it is too long"));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("it has no port"))?;
        let port = port.parse().map_err(|_| wrong("its port is not a number from 0 to 65535"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_ipv6 = |host: &str| host.parse::<std::net::Ipv6Addr>().is_ok();
        let host = match bare {
            Some(bare) if is_ipv6(bare) => bare,
            Some(_) => return Err(wrong("the text in brackets is not an IPv6 address")),
            None if is_ipv6(host) => return Err(wrong("an IPv6 address stands in brackets")),
            None => host,
        };
        let is_name = |host: &str| {
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                && host.split('.').all(|label| !label.is_empty())
        };
        if bare.is_none() && !is_name(host) {
            return Err(wrong("its host is neither a name nor an IP address"));
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        let nowhere = Self::default();
        if text == nowhere.to_string() { Ok(nowhere) } else { text.parse() }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_comes_back() {
        for (text, host, loopback) in [
            ("10.0.0.1:4001", "10.0.0.1", false),
            ("127.0.0.1:1", "127.0.0.1", true),
            ("localhost:65535", "localhost", true),
            ("scoopi-0.scoopi.svc.cluster.local:4001", "scoopi-0.scoopi.svc.cluster.local", false),
            ("[::1]:4001", "::1", true),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.host(), address.is_loopback()), (host, loopback), "{text}");
            assert_eq!(address.to_string(), text);
        }
        assert!("0.0.0.0:1".parse::<Address>().unwrap().is_unspecified());
    }

    #[test]
    fn what_is_no_address_says_why_and_what_to_write() {
        for (text, why) in [
            ("10.0.0.1", "no port"),
            ("host:port", "not a number"),
            ("host:70000", "not a number"),
            ("::1:4001", "in brackets"),
            ("[x]:1", "in brackets is not an"),
            ("a b:1", "neither"),
            (":4001", "neither"),
            ("http://x:1", "neither"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("HOST:PORT"), "{text}: {error}");
        }
        assert!("x".repeat(400).parse::<Address>().is_err());
    }
}
