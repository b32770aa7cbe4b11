//! Which addresses are on the public internet. Everything else is closed: the special-purpose
//! registries of IANA as explicit tables, so that a reader can check them line by line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not public.
const V4_CLOSED: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "carrier-grade NAT; cloud metadata of one vendor",
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    // The host agent of one cloud: a public number, answered from inside.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "cloud host agent"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local; cloud metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved; broadcast"),
];

/// The only part of IPv6 that is in public use. It leaves out loopback, mapped and compatible IPv4,
/// NAT64 (64:ff9b::/96, 64:ff9b:1::/48), discard, unique local, link-local, site-local and multicast.
const V6_PUBLIC: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Blocks inside [`V6_PUBLIC`] that are not public.
const V6_CLOSED: &[(Ipv6Addr, u32, &str)] = &[
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "Teredo, ORCHID, benchmarks and other assignments",
    ),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (
        Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        16,
        "6to4, which carries an IPv4 address",
    ),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
];

/// Whether an address is on the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !V4_CLOSED.iter().any(|(block, bits, _)| v4_in(v4, *block, *bits)),
        IpAddr::V6(v6) => {
            v6_in(v6, V6_PUBLIC.0, V6_PUBLIC.1)
                && !V6_CLOSED.iter().any(|(block, bits, _)| v6_in(v6, *block, *bits))
                && !is_isatap(v6)
        }
    }
}

fn v4_in(address: Ipv4Addr, block: Ipv4Addr, bits: u32) -> bool {
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    u32::from(address) & mask == u32::from(block) & mask
}

fn v6_in(address: Ipv6Addr, block: Ipv6Addr, bits: u32) -> bool {
    let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
    u128::from(address) & mask == u128::from(block) & mask
}

/// ISATAP tunnels carry an IPv4 address in the interface id, behind `0000:5efe` or `0200:5efe` (RFC 5214).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    low == 0x5efe && (high & !0x0200) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_every_closed_block_are_closed_and_its_neighbours_are_judged_alone() {
        for (block, bits, why) in V4_CLOSED {
            let first = u32::from(*block);
            let last = first | u32::MAX.checked_shr(*bits).unwrap_or(0);
            for end in [first, last, first + (last - first) / 2] {
                assert!(!is_public(IpAddr::V4(end.into())), "{} ({why})", Ipv4Addr::from(end));
            }
            for neighbour in [first.checked_sub(1), last.checked_add(1)].into_iter().flatten() {
                let address = Ipv4Addr::from(neighbour);
                let elsewhere = V4_CLOSED.iter().filter(|(other, ..)| other != block);
                let is_closed = elsewhere.clone().any(|(other, bits, _)| v4_in(address, *other, *bits));
                assert_eq!(
                    is_public(IpAddr::V4(address)),
                    !is_closed,
                    "{address} beside {block}/{bits}"
                );
            }
        }
        for (block, bits, why) in V6_CLOSED {
            let first = u128::from(*block);
            let last = first | u128::MAX.checked_shr(*bits).unwrap_or(0);
            for end in [first, last] {
                assert!(!is_public(IpAddr::V6(end.into())), "{} ({why})", Ipv6Addr::from(end));
            }
            assert!(is_public(IpAddr::V6((last + 1).into())) || why.contains("Teredo") || why.contains("6to4"));
        }
    }

    #[test]
    fn nothing_that_the_standard_library_calls_special_is_public() {
        // A stride that is prime to 2^32 visits all parts of the address space.
        for step in 0..400_000u32 {
            let v4 = Ipv4Addr::from(step.wrapping_mul(2_654_435_761));
            let is_special = v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || v4.is_unspecified();
            assert!(!(is_special && is_public(IpAddr::V4(v4))), "{v4}");
            assert!(!is_public(IpAddr::V6(v4.to_ipv6_mapped())), "{v4} mapped");
            assert!(!is_public(IpAddr::V6(v4.to_ipv6_compatible())), "{v4} compatible");
        }
    }

    #[test]
    fn special_ipv6_is_closed_and_ordinary_addresses_are_open() {
        for closed in [
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:53aa:64c:0:0:80ff:fffe",
            "2001:20::1",
            "2001:1ff:ffff::",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:0808:0808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "2a00:1450::5efe:7f00:1",
            "2a00:1450::200:5efe:10.0.0.1",
        ] {
            assert!(!is_public(closed.parse().expect("an address")), "{closed}");
        }
        for open in [
            "8.8.8.8",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001:80e::200e",
            "2400:cb00::1",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(open.parse().expect("an address")), "{open}");
        }
    }
}
