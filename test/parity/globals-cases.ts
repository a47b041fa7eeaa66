// Every spelling of every global parameter, each with values of the kinds that parameters take, and the forms of those that take more.

import { GLOBALS } from "../../src/script/index.ts";

const VALUES = ["1", "0", "yes", "-1", '"x"', "x", "5060"];

const FORMS = `
debug = 1;
debug=1 check_via=yes
debug=1; check_via=yes;
check_via=no
check_via=on
check_via=off
check_via=true
check_via=false
check_via=enable
check_via=disable
check_via=YES
server_id=0x10
server_id=010
server_header="a" "b"
server_header='a'
listen=127.0.0.1
listen="127.0.0.1"
listen=localhost
listen=lo
listen=udp:lo:5998
listen=udp:127.0.0.1:5998
listen=tcp:127.0.0.1
listen=tls:127.0.0.1:5061
listen=sctp:127.0.0.1:5061
listen=127.0.0.1 127.0.0.2
listen=udp:127.0.0.1:5998 udp:127.0.0.2:5998
listen=(127.0.0.1,127.0.0.2)
listen=(127.0.0.1, 127.0.0.2)
listen=udp:(127.0.0.1, 127.0.0.2):5998
listen=udp:127.0.0.1:5998 advertise 192.0.2.1:5060
listen=udp:127.0.0.1:5998 advertise a.example
listen=udp:127.0.0.1:5998 ADVERTISE a.example
listen=udp:127.0.0.1:5998 advertise "a-b.example":5060
listen=udp:127.0.0.1:5998 advertise "a-b.example:5060"
listen=udp:127.0.0.1:5998 advertise 192.0.2.1:5060 name "x"
listen=udp:127.0.0.1:5998 name "x"
alias=a.example
alias="a-b.example"
alias=a.example:5060
alias=udp:a.example:5060
alias=tls:a.example
alias=a.example:*
alias=udp:a.example:*
alias=[::1]:5060
alias=192.0.2.1
alias=a.example b.example
alias=tcp:a.example:5060 b.example:5062
alias=(a.example, b.example)
alias="a.example" "b.example"
max_branches=31
max_branches=32
max_recursive_level=5000
max_while_loops=0
ipv6_hex_style="a"
ipv6_hex_style="A"
ipv6_hex_style="c"
ipv6_hex_style="q"
tos=IPTOS_LOWDELAY
tos=IPTOS_THROUGHPUT
tos=IPTOS_RELIABILITY
tos=IPTOS_MINCOST
tos=IPTOS_LOWCOST
tos=0xB8
mhomed=2
mcast=lo
mcast="lo"
mcast_ttl=32
user=root
user="1000"
group=root
chroot="/tmp"
workdir="/tmp"
wdir=/tmp
log_facility=LOG_LOCAL0
cfgengine="native"
cfgengine "native"
cfgengine "default"
loadpath "/tmp"
mpath "/tmp"
kemi.onsend_route_callback=""
kemi.received_route_callback="none"
udp_mtu_try_proto=TCP
udp_mtu_try_proto=UDP
udp_mtu_try_proto=TLS
udp_mtu_try_proto=SCTP
udp_mtu_try_proto=tcp
udp4_raw=-1
advertised_address=192.0.2.1
advertised_address="192.0.2.1"
advertised_address=a.example
advertised_address=[::1]
advertised_address="::1"
advertised_port=5080
tcp_source_ipv4=127.0.0.1
tcp_source_ipv6=::1
tcp_source_ipv6=[::1]
tcp_poll_method=poll
tcp_poll_method=epoll_lt
tcp_poll_method=epoll_et
tcp_poll_method=select
tcp_poll_method=sigio_rt
tcp_poll_method="/dev/poll"
tls_method=SSLv23
tls_method=TLSv1
enable_sctp=0
disable_sctp=yes
async_workers_group="name=x;workers=1;nonblock=0;usleep=0"
flags a, b:3;
avpflags x;
`;

/** One line of a configuration a case; `listen` and `alias` stand for themselves in the forms. */
export const GLOBAL_LINES: readonly string[] = [
  ...GLOBALS.filter((g) => g.name !== "listen" && g.name !== "alias").flatMap((g) =>
    [g.name, ...g.aliases].flatMap((name) => VALUES.map((value) => `${name}=${value}`)),
  ),
  ...FORMS.trim().split("\n"),
];

/** The configuration that is asked about with that line. */
export function configWith(line: string): string {
  return `#!KAMAILIO\n${line}\nlisten=udp:127.0.0.1:5999\nrequest_route { exit; }\n`;
}
