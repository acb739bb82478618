//! Addresses and ports that no other test has.

use std::{
    collections::HashSet,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process,
    sync::{Mutex, PoisonError},
};

use crate::PhoneError;

/// The ports that this process has handed out, never to be handed out again.
static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// How often another port is tried before giving up.
const TRIES: usize = 200;

/// A loopback address that only this process uses: in 127.64.0.0/10, by the process's id.
///
/// Ports there cannot be taken by a test in another process, whatever the time between choosing and binding. Linux
/// answers on the whole of 127.0.0.0/8 without set-up.
#[must_use]
pub fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | (high & 0x3f), middle, low)
}

/// A port free for both UDP and TCP on this address, handed out once per process.
///
/// # Errors
///
/// When no port is free or the address is not this machine's.
pub fn free(address: impl Into<IpAddr>) -> Result<u16, PhoneError> {
    let address = address.into();
    let mut last = None;
    for _ in 0..TRIES {
        match try_free(address) {
            Ok(port) => {
                let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
                if taken.get_or_insert_default().insert(port) {
                    return Ok(port);
                }
            }
            Err(error) => last = Some(error),
        }
    }
    let source = last.unwrap_or_else(|| std::io::Error::other("every free port was handed out before"));
    Err(PhoneError::Io { what: format!("no free port on {address}"), source })
}

fn try_free(address: IpAddr) -> std::io::Result<u16> {
    let udp = UdpSocket::bind((address, 0))?;
    let port = udp.local_addr()?.port();
    TcpListener::bind((address, port))?;
    Ok(port)
}

/// A socket address free for both UDP and TCP: see [`free`].
///
/// # Errors
///
/// As [`free`].
pub fn free_on(address: impl Into<IpAddr>) -> Result<SocketAddr, PhoneError> {
    let address = address.into();
    Ok(SocketAddr::new(address, free(address)?))
}

/// Whether some program has bound this port for UDP, on this address or on all addresses.
#[must_use]
pub fn is_bound_udp(address: SocketAddr) -> bool {
    listed("udp", address, "07")
}

/// Whether some program listens on this port for TCP, on this address or on all addresses.
#[must_use]
pub fn is_listening_tcp(address: SocketAddr) -> bool {
    listed("tcp", address, "0A")
}

/// Whether the kernel's table of this protocol lists the local address in this state.
fn listed(protocol: &str, address: SocketAddr, state: &str) -> bool {
    let port = format!("{:04X}", address.port());
    let hosts = match address.ip() {
        IpAddr::V4(ip) => [format!("{:08X}", u32::from_ne_bytes(ip.octets())), "00000000".into()],
        IpAddr::V6(ip) => {
            let octets = ip.octets();
            let words = octets.as_chunks::<4>().0.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
            [words.collect(), "0".repeat(32)]
        }
    };
    ["", "6"].iter().any(|family| {
        fs::read_to_string(format!("/proc/net/{protocol}{family}")).unwrap_or_default().lines().any(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let local = columns.next().and_then(|local| local.split_once(':'));
            local.is_some_and(|(host, there)| {
                // A socket of IPv6 on all addresses takes IPv4 as well.
                there == port && (hosts.iter().any(|ours| ours == host) || host.bytes().all(|byte| byte == b'0'))
            }) && columns.nth(1) == Some(state)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_never_given_twice() {
        let mut seen = HashSet::new();
        for _ in 0..50 {
            let port = free(own_address()).expect("a free port");
            assert!(seen.insert(port));
            assert!(!is_bound_udp(SocketAddr::from((own_address(), port))));
            UdpSocket::bind((own_address(), port)).expect("the port is free");
        }
    }

    #[test]
    fn the_kernel_tells_what_is_bound() {
        let udp = UdpSocket::bind((own_address(), 0)).expect("a free port");
        assert!(is_bound_udp(udp.local_addr().expect("an address")));
        let tcp = TcpListener::bind("[::1]:0").expect("a free port");
        assert!(is_listening_tcp(tcp.local_addr().expect("an address")));
    }
}
