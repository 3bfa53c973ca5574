//! Connection strings: `sc://host:port/;key=value;...`.
//!
//! Keys the protocol knows become fields, every other becomes a gRPC header.
//! Not here: dialling (`remote`). Begin at [`RemoteUrl::parse`].

use crate::failure::{Failure, Result};

const PORT: u16 = 15002;

/// A parsed connection string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    pub host: String,
    pub port: u16,
    pub use_ssl: bool,
    pub token: Option<String>,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub user_agent: Option<String>,
    pub message_size_max: Option<usize>,
    pub headers: Vec<(String, String)>,
}

impl RemoteUrl {
    /// Reads a connection string.
    pub fn parse(text: &str) -> Result<Self> {
        let rest = text.strip_prefix("sc://").ok_or_else(|| bad(text, "it does not start with sc://"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host_and_port(authority, text)?;
        let mut url = RemoteUrl {
            host,
            port,
            use_ssl: false,
            token: None,
            user_id: None,
            session_id: None,
            user_agent: None,
            message_size_max: None,
            headers: Vec::new(),
        };
        for pair in path.split(';').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| bad(text, &format!("`{pair}` is not key=value")))?;
            url.set(key, percent_decode(value), text)?;
        }
        // A token on an open wire would be there for anyone to read.
        url.use_ssl |= url.token.is_some() && !url.is_loopback();
        Ok(url)
    }

    fn set(&mut self, key: &str, value: String, text: &str) -> Result<()> {
        match key {
            "use_ssl" => self.use_ssl = value.eq_ignore_ascii_case("true"),
            "token" => self.token = Some(value),
            "user_id" => self.user_id = Some(value),
            "user_agent" => self.user_agent = Some(value),
            "session_id" => {
                uuid::Uuid::parse_str(&value).map_err(|_| bad(text, "session_id is not a UUID"))?;
                self.session_id = Some(value);
            }
            "grpc_max_message_size" => {
                let size = value.parse().map_err(|_| bad(text, "grpc_max_message_size is not a number"))?;
                self.message_size_max = Some(size);
            }
            _ => self.headers.push((key.to_ascii_lowercase(), value)),
        }
        Ok(())
    }

    fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }
}

fn host_and_port(authority: &str, text: &str) -> Result<(String, u16)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            (host, port.parse().map_err(|_| bad(text, &format!("`{port}` is not a port")))?)
        }
        _ => (authority, PORT),
    };
    if host.is_empty() { Err(bad(text, "it names no host")) } else { Ok((host.to_owned(), port)) }
}

fn percent_decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn bad(text: &str, why: &str) -> Failure {
    Failure::usage(format!("`{text}` is not a Spark Connect address: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_host_gets_the_usual_port() {
        let url = RemoteUrl::parse("sc://cluster").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.use_ssl), ("cluster", 15002, false));
    }

    #[test]
    fn known_keys_become_fields_and_others_headers() {
        let url = RemoteUrl::parse("sc://h:1/;user_id=ann;token=a%3Db;X-Tag=7").unwrap();
        assert_eq!(url.user_id.as_deref(), Some("ann"));
        assert_eq!(url.token.as_deref(), Some("a=b"));
        assert!(url.use_ssl);
        assert_eq!(url.headers, [("x-tag".to_owned(), "7".to_owned())]);
    }

    #[test]
    fn a_token_for_this_machine_needs_no_encryption() {
        assert!(!RemoteUrl::parse("sc://localhost:1/;token=t").unwrap().use_ssl);
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["http://h", "sc://", "sc://h:port", "sc://h/;session_id=1", "sc://h/;lonely"] {
            let Err(Failure::Usage(why)) = RemoteUrl::parse(text) else { panic!("{text} was accepted") };
            assert!(why.contains(text));
        }
    }
}
