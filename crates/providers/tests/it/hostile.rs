//! Hostile URLs by the hundred: every spelling of every place that a stranger must not reach.

use std::net::Ipv4Addr;

/// What must not be reached, by number.
const V4: &[[u8; 4]] = &[
    [127, 0, 0, 1],
    [127, 255, 255, 254],
    [0, 0, 0, 0],
    [10, 0, 0, 1],
    [172, 16, 0, 1],
    [192, 168, 1, 1],
    [169, 254, 169, 254],
    [100, 64, 0, 1],
    [100, 100, 100, 200],
    [168, 63, 129, 16],
    [192, 0, 0, 192],
    [198, 18, 0, 1],
    [224, 0, 0, 1],
    [255, 255, 255, 255],
];

const V6: &[&str] = &[
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]",
    "[0::1]",
    "[::1%25lo]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fdff:ffff::1]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[4000::1]",
    "[64:ff9b:1::7f00:1]",
];

/// Names; the resolver of the test answers loopback for all of them.
const NAMES: &[&str] = &[
    "localhost",
    "LOCALHOST",
    "localhost.",
    "LocalHost.",
    "localhost.localdomain",
    "foo.localhost",
    "foo.localhost.",
    "ⓛocalhost",
    "ｌｏｃａｌｈｏｓｔ",
    "loc%61lhost",
    "ip6-localhost",
    "metadata",
    "metadata.google.internal",
    "metadata.google.internal.",
    "instance-data",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "host.docker.internal",
    "redis",
    "db",
    "printer.local",
    "router.lan",
    "nas.home.arpa",
    "intranet.corp",
    "x.onion",
    "127.0.0.1.nip.io",
    "7f000001.rbndr.us",
    "localtest.me",
    "spoofed.example.com",
    "xn--fiqs8s.example.com",
    "a-very.long-name.example.com.",
    "127.0.0.1.example.com",
    "0x7f000001.example.com",
    "example.com.127.0.0.1.nip.io",
];

const SCHEMES: &[&str] = &[
    "file",
    "ftp",
    "ftps",
    "sftp",
    "scp",
    "ssh",
    "telnet",
    "gopher",
    "gophers",
    "dict",
    "ldap",
    "ldaps",
    "tftp",
    "tcp",
    "udp",
    "unix",
    "smb",
    "jar:http",
    "netdoc",
    "data",
    "javascript",
    "vbscript",
    "blob:http",
    "view-source:http",
    "ws",
    "wss",
    "about",
    "mailto",
    "php",
    "phar",
    "expect",
    "zip",
    "glob",
    "rar",
    "git",
    "svn",
    "rtsp",
    "redis",
    "mysql",
    "s3",
    "gs",
    "ipfs",
    "httpx",
    "http+unix",
    "file:http",
];

/// Ports of things that must not be talked to, on hosts that look public.
const PORTS: &[&str] = &[
    "0", "1", "22", "23", "25", "53", "110", "135", "445", "2375", "3306", "5432", "6379", "8080", "9200", "11211",
    "65535",
];

/// All of them. `port` is where the canaries listen.
pub fn urls(port: u16) -> Vec<String> {
    let mut urls = Vec::new();
    let hosts: Vec<String> = V4
        .iter()
        .flat_map(|octets| spellings(*octets))
        .chain(V6.iter().chain(NAMES).map(|host| (*host).to_owned()))
        .collect();
    for host in &hosts {
        for scheme in ["http", "https"] {
            urls.push(format!("{scheme}://{host}:{port}/picture.png"));
        }
    }
    for scheme in SCHEMES {
        urls.push(format!("{scheme}://127.0.0.1:{port}/picture.png"));
        urls.push(format!("{scheme}:127.0.0.1:{port}"));
    }
    for other in PORTS {
        urls.push(format!("http://8.8.8.8:{other}/picture.png"));
        urls.push(format!("https://shop.example.com:{other}/picture.png"));
    }
    urls.extend(tricks(port));
    urls
}

/// How one IPv4 address can be written.
fn spellings([a, b, c, d]: [u8; 4]) -> Vec<String> {
    let v4 = Ipv4Addr::new(a, b, c, d);
    let number = u32::from(v4);
    let (low, high) = (number & 0xffff, number >> 16);
    let teredo = !number;
    let dotted = v4.to_string();
    let mut all = vec![
        format!("{dotted}."),
        format!("{number}"),
        format!("{number:#x}"),
        format!("0X{number:08X}"),
        format!("0{number:o}"),
        format!("000000{number:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0000{a:o}.0000{b:o}.0000{c:o}.0000{d:o}"),
        format!("{a}.0x{b:x}.0{c:o}.{d}"),
        format!("{a}.{b}.{}", number & 0xffff),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a:#x}.{}", number & 0x00ff_ffff),
        dotted.replace('.', "。"),
        dotted.replace('.', "．"),
        dotted.replace('.', "｡"),
        dotted.replace('.', "%2e"),
        digits(&dotted, '０'),
        digits(&dotted, '𝟎'),
        digits(&dotted, '𝟶'),
        circled(&dotted),
        dotted.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        format!("{dotted}%00.example.com"),
        format!("[::ffff:{dotted}]"),
        format!("[::ffff:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:ffff:{high:04X}:{low:04X}]"),
        format!("[::{dotted}]"),
        format!("[64:ff9b::{dotted}]"),
        format!("[64:ff9b::{high:x}:{low:x}]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001:0:53aa:64c::{:x}:{:x}]", teredo >> 16, teredo & 0xffff),
        format!("[2a00:1450:4001:80e:0:5efe:{high:x}:{low:x}]"),
        format!("[2a00:1450:4001:80e:200:5efe:{high:x}:{low:x}]"),
    ];
    all.push(format!(
        "[{}]",
        v4.to_ipv6_mapped()
            .segments()
            .map(|part| format!("{part:04x}"))
            .join(":")
    ));
    all.push(format!("[{}]", v4.to_ipv6_compatible()));
    all.push(dotted);
    all
}

/// The same digits from elsewhere in Unicode; `zero` is their zero.
fn digits(text: &str, zero: char) -> String {
    let shift = |digit: u32| char::from_u32(zero as u32 + digit).unwrap_or(zero);
    text.chars().map(|ch| ch.to_digit(10).map_or(ch, shift)).collect()
}

fn circled(text: &str) -> String {
    text.chars()
        .map(|ch| {
            ch.to_digit(10)
                .map_or(ch, |digit| "⓪①②③④⑤⑥⑦⑧⑨".chars().nth(digit as usize).unwrap_or(ch))
        })
        .collect()
}

/// Texts over which parsers fall out with each other.
fn tricks(port: u16) -> Vec<String> {
    let evil = format!("127.0.0.1:{port}");
    let mut tricks = Vec::new();
    // Where one of these is the host after all, the test's resolver sends it to loopback as well.
    for good in ["example.com", "example.com:80", "user", "user:secret", ""] {
        for middle in [
            "@",
            "%40",
            "\\@",
            "#@",
            "?@",
            ":@",
            "@@",
            "/@",
            "\t@",
            "%00@",
            " @",
            "&@",
            ";@",
            "%0a@",
            "\u{200b}@",
        ] {
            // After the middle sign stands what some parser takes for the host, before it what another one does.
            tricks.push(format!("http://{good}{middle}{evil}/"));
            if middle.starts_with(['@', '\\', ' ', '\t', '\u{200b}']) || middle == ":@" {
                tricks.push(format!("http://{evil}{middle}{good}/"));
            }
        }
    }
    for form in [
        "http:{}",
        "http:/{}",
        "http:///{}",
        "http:////{}",
        "http:\\\\{}",
        "http:/\\{}",
        "\\\\{}",
        "//{}",
        "{}",
        "http ://{}",
        "ht\ttp://{}",
        "http://\t{}",
        "http://{}\n",
        "\u{feff}http://{}",
        " http://{} ",
        "HTTP://{}",
        "hTTp://{}",
        "http://{}/../..",
        "http://{}?url=https://example.com",
        "http://{}/#https://example.com",
        "http://example.com,http://{}",
        "https://example.com/a.png, http://{}/",
        "https://example.com/a.png http://{}/",
        "https://example.com/a.png|http://{}/",
        "https://example.com\\.{}",
        "http://{}%23.example.com",
        "http://{}%2f.example.com",
        "http://{}\u{2028}.example.com",
        "http://[{}]",
        "http://[::ffff:{}]",
        "url:http://{}",
        "<http://{}>",
        "\"http://{}\"",
        "0://{};http://{}/",
        "http://..{}",
        "http://.{}",
        "http://127.0.0.1..:{}",
        "http://-{}",
        "http://*.{}",
        "http://{}.",
        "http://{}:80",
        "http://{}:",
        "data:image/png;base64,http://{}",
    ] {
        tricks.push(form.replace("{}", &evil));
    }
    tricks
}
