//! What operators keep in files: read at the start, and again at SIGHUP without anybody being dropped.

use std::mem;
use std::path::{Path, PathBuf};

use crate::dialect::cleaned;
use crate::layer::Identity;
use crate::limits::{MOTD_BYTES_MAX, MOTD_LINE_BYTES};
use crate::model::{Secret, Settings};
use crate::sys::{SettingsFile, System};
use crate::web::Tokens;

use super::{Config, Reactor};

/// Where the certificate for TLS comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// From PEM files.
    Files {
        /// The certificate, its chain behind it.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// It is made where there is none yet, or none that has not ended.
    SelfSigned {
        /// Where it is kept.
        dir: Option<PathBuf>,
    },
}

/// Where they are.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) certificate: Option<Certificate>,
    pub(super) oper_password: Option<PathBuf>,
    server_password: Option<PathBuf>,
    pub(super) motd: Option<PathBuf>,
    pub(super) api_tokens: Option<PathBuf>,
    state: Option<PathBuf>,
}

impl Files {
    pub(super) fn of(config: &Config) -> Files {
        Files {
            certificate: config.certificate.clone(),
            oper_password: config.oper_password.clone(),
            server_password: config.server_password.clone(),
            motd: config.motd.clone(),
            api_tokens: config.api_tokens.clone(),
            state: config.state.clone(),
        }
    }

    /// # Errors
    /// Here and below: one line that says what cannot be read or used, and why.
    pub(super) fn identity(&self, system: &impl System) -> Result<Option<Identity>, String> {
        let identity = match &self.certificate {
            None => return Ok(None),
            Some(Certificate::Files { certificate, key }) => {
                Identity::load(certificate, key, |path| system.read(path))
            }
            Some(Certificate::SelfSigned { dir }) => {
                let made = Identity::self_signed(system, dir.as_deref());
                made.map(|(identity, ends)| {
                    log::info!("the self-signed certificate ends on {ends}");
                    identity
                })
            }
        };
        identity.map(Some)
    }

    /// Can all of them be used? The state is left alone: a running server may have it.
    pub(super) fn check(&self, system: &impl System) -> Result<(), String> {
        // One made for trying is made at the start.
        if matches!(self.certificate, Some(Certificate::Files { .. })) {
            self.identity(system)?;
        }
        self.oper_password(system)?;
        self.server_password(system)?;
        self.motd(system)?;
        self.api_tokens(system)?;
        Ok(())
    }

    pub(super) fn oper_password(&self, system: &impl System) -> Result<Option<Secret>, String> {
        secret(system, self.oper_password.as_ref())
    }

    pub(super) fn server_password(&self, system: &impl System) -> Result<Option<Secret>, String> {
        secret(system, self.server_password.as_ref())
    }

    /// The message of the day: lines without control characters, long ones in several.
    pub(super) fn motd(&self, system: &impl System) -> Result<Vec<String>, String> {
        let Some(path) = &self.motd else {
            return Ok(Vec::new());
        };
        let text = text_of(system, path)?;
        if text.len() > MOTD_BYTES_MAX {
            let shown = path.display();
            return Err(format!("{shown} is longer than {MOTD_BYTES_MAX} bytes"));
        }
        Ok(text.trim_end().lines().flat_map(pieces).collect())
    }

    pub(super) fn api_tokens(&self, system: &impl System) -> Result<Option<Tokens>, String> {
        let read = |path: &PathBuf| {
            Tokens::parse(&text_of(system, path)?).map_err(|e| format!("{}: {e}", path.display()))
        };
        self.api_tokens.as_ref().map(read).transpose()
    }
}

/// A line, cleaned, in pieces that a line of IRC has room for; one that is blank is one piece.
fn pieces(line: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in cleaned(line.trim_end()).chars() {
        match pieces.last_mut() {
            Some(last) if last.len() + c.len_utf8() <= MOTD_LINE_BYTES => last.push(c),
            _ => pieces.push(c.into()),
        }
    }
    pieces
}

fn secret(system: &impl System, path: Option<&PathBuf>) -> Result<Option<Secret>, String> {
    let secret = path.map(|path| first_line(system, path)).transpose()?;
    Ok(secret.map(Secret::new))
}

impl<S: System> Reactor<S> {
    /// Reads everything again. What is bad now stays as it was, and the log says so.
    pub(super) fn reload(&mut self) {
        self.take_options();
        let is_in_files = match &self.files.certificate {
            None => false,
            Some(Certificate::Files { .. }) => true,
            Some(Certificate::SelfSigned { dir }) => dir.is_some(),
        };
        if is_in_files {
            self.replace(
                "certificate",
                self.files.identity(&self.system),
                |reactor, identity| {
                    reactor.identity = identity;
                },
            );
        }
        if self.files.oper_password.is_some() {
            let password = self.files.oper_password(&self.system);
            self.replace("operator's password", password, |reactor, password| {
                reactor.hub.set_oper_password(password);
            });
        }
        if self.files.motd.is_some() {
            let motd = self.files.motd(&self.system);
            self.replace("message of the day", motd, |reactor, lines| {
                reactor.hub.set_motd(lines);
            });
        }
        if self.files.api_tokens.is_some() {
            self.replace(
                "file of tokens",
                self.files.api_tokens(&self.system),
                |reactor, tokens| {
                    reactor.site.tokens = tokens;
                },
            );
        }
        if let Some(keeper) = &self.keeper {
            let begins = keeper.read_again();
            self.awaits_settings = true;
            if !begins {
                self.give_up_reading_settings();
            }
        }
    }

    /// What the file is about to be would be undone by what it was.
    pub(super) fn give_up_reading_settings(&mut self) {
        if mem::take(&mut self.awaits_settings)
            && let Some(path) = &self.files.state
        {
            let why = Err(format!("{} is being written", path.display()));
            self.take_over_settings(why);
        }
    }

    /// Takes over the settings that were read beside the loop, if they are there.
    pub(super) fn hear_keeper(&mut self) {
        if self.awaits_settings
            && let Some(read) = self.keeper.as_ref().and_then(SettingsFile::take_read)
        {
            self.awaits_settings = false;
            self.take_over_settings(read);
        }
    }

    fn take_over_settings(&mut self, read: Result<Settings, String>) {
        self.replace("file of settings", read, |reactor, settings| {
            reactor.hub.set_settings(settings, reactor.clock.moment);
        });
    }

    fn replace<T>(&mut self, what: &str, read: Result<T, String>, take: impl FnOnce(&mut Self, T)) {
        match read {
            Ok(new) => {
                take(self, new);
                log::info!("read again: the {what}");
            }
            Err(line) => log::error!("{line}; the old {what} stays in use"),
        }
    }
}

/// The first line of a file, which must not be empty.
fn first_line(system: &impl System, path: &Path) -> Result<String, String> {
    let text = text_of(system, path)?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(format!("there is no password in {}", path.display()));
    }
    Ok(line.into())
}

fn text_of(system: &impl System, path: &Path) -> Result<String, String> {
    let bytes = system.read(path).map_err(|e| e.to_string());
    bytes
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into()))
        .map_err(|e| format!("cannot read {}: {e}", path.display()))
}
