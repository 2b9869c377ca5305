//! What an operator decides before the start.

use std::path::PathBuf;

use crate::cluster;
use crate::hub::Addresses;
use crate::limits::Limits;
use crate::model::{RegistrationMode, TrustedProxy};
use crate::store;
use crate::web::{OriginRule, PublicHost};

use super::door::DoorAddress;
use super::files::Certificate;

/// What a server is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub doors: Vec<DoorAddress>,
    /// What operators may set.
    pub limits: Limits,
    /// What TLS is spoken with; without it none is.
    pub certificate: Option<Certificate>,
    /// The proxies that are believed about whose a connection is.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Where `/metrics` and `/stats` are served.
    pub status_door: Option<DoorAddress>,
    /// Web pages that may open WebSockets here, beside the server's own.
    pub allowed_origins: Vec<OriginRule>,
    /// The names that this server is known under to browsers.
    pub public_hosts: Vec<PublicHost>,
    /// What links to files begin with; `None` is where HTTP is spoken here.
    pub public_url: Option<String>,
    /// The file of bearer tokens for those who post.
    pub api_tokens: Option<PathBuf>,
    /// Is there a WebSocket that sends everything back?
    pub has_ws_echo: bool,
    /// The file with what makes an in-band operator.
    pub oper_password: Option<PathBuf>,
    /// The name of the server; `None` is that of the host.
    pub server_name: Option<String>,
    /// The name of all servers together.
    pub network_name: String,
    /// The file with what must be said to come in by IRC.
    pub server_password: Option<PathBuf>,
    /// The file with what is said to everybody who comes in.
    pub motd: Option<PathBuf>,
    /// Is nobody in, and told a word, who has not logged in?
    pub requires_account: bool,
    /// Who may make an account?
    pub registration: RegistrationMode,
    /// May IRC clients make an account before they come in?
    pub has_early_accounts: bool,
    /// How long IRC clients are to come by TLS only once they have seen that they can, in seconds; `None`: they
    /// are not told to.
    pub irc_sts_s: Option<u64>,
    /// Whose addresses are shown to other users.
    pub addresses: Addresses,
    /// Is standard input the operator's console?
    pub has_console: bool,
    /// Is standard output a terminal, so that the console is coloured and shows what goes on?
    pub has_terminal: bool,
    /// Does it not show that even there?
    pub is_console_quiet: bool,
    /// Where the operator's console listens.
    pub admin_socket: Option<PathBuf>,
    /// Where programs come that take over, if anywhere.
    pub run_dir: Option<PathBuf>,
    /// Is what a server has that waits there taken over?
    pub takes_over: bool,
    /// The file that bans and the like survive a restart in.
    pub state: Option<PathBuf>,
    /// Where and how history and accounts are kept; without it they are in memory, or not there.
    pub data: Option<store::Options>,
    /// The servers that it shares its log with; without it, it is alone.
    pub cluster: Option<cluster::EngineOptions>,
    /// Messages that one is shown of a room by entering it.
    pub replay: usize,
    /// How long somebody may go by a registered name before logging in, in milliseconds.
    pub grace_ms: u64,
    /// How long an account lasts that is not used, in milliseconds; `None` is for ever.
    pub account_expiry_ms: Option<u64>,
    /// Is a registered name refused at once to who does not log in?
    pub has_strict_names: bool,
    /// May every account be online from several connections?
    pub is_multi: bool,
}
