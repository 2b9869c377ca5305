//! The way to a Redis, which may be by Sentinels.

use std::time::Duration;

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
    RedisResult, cmd,
};

use crate::limits::CLUSTER_REPLY_MS;
use crate::model::Secret;

use super::EngineOptions;

/// Connects. `wait` is how long a reply may take.
pub(super) fn dial(
    options: &EngineOptions,
    password: Option<&Secret>,
    wait: Duration,
) -> RedisResult<Connection> {
    let (host, port) = match &options.address.sentinel {
        None => options.address.hosts[0].clone(),
        Some(name) => master(options, name)?,
    };
    let address = match options.address.is_tls {
        false => ConnectionAddr::Tcp(host, port),
        true => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        },
    };
    connect(options, password, address, wait)
}

fn connect(
    options: &EngineOptions,
    password: Option<&Secret>,
    address: ConnectionAddr,
    wait: Duration,
) -> RedisResult<Connection> {
    let info: ConnectionInfo = address.into_connection_info()?;
    let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
    settings = settings.set_db(options.address.database);
    if let Some(user) = &options.address.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = password {
        settings = settings.set_password(password.reveal());
    }
    let client = Client::open(info.set_redis_settings(settings))?;
    let connection = client.get_connection_with_timeout(Duration::from_millis(CLUSTER_REPLY_MS))?;
    connection.set_read_timeout(Some(wait))?;
    connection.set_write_timeout(Some(wait))?;
    Ok(connection)
}

/// The Redis that Sentinels say is the one, by the first of them that says so.
fn master(options: &EngineOptions, name: &str) -> RedisResult<(String, u16)> {
    let mut failure = RedisError::from((redis::ErrorKind::InvalidClientConfig, "no Sentinel"));
    for (host, port) in &options.address.hosts {
        let address = ConnectionAddr::Tcp(host.clone(), *port);
        let plain = EngineOptions {
            address: super::EngineAddress {
                database: 0,
                user: None,
                ..options.address.clone()
            },
            ..options.clone()
        };
        let wait = Duration::from_millis(CLUSTER_REPLY_MS);
        let asked = connect(&plain, None, address, wait).and_then(|mut connection| {
            cmd("SENTINEL")
                .arg("get-master-addr-by-name")
                .arg(name)
                .query::<(String, u16)>(&mut connection)
        });
        match asked {
            Ok(found) => return Ok(found),
            Err(e) => failure = e,
        }
    }
    Err(failure)
}
