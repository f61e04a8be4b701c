/* /proc/PID/net: a machine with a loopback and no connections. Of a task that has exited it is empty. */
#include "text.h"
#include "tree/task_files.h"

#include <string.h>
#include <sys/stat.h>

#define TCP "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define UDP "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops"
#define TCP6 "  sl  local_address                         remote_address                        st tx_queue rx_queue tr " \
	"tm->when retrnsmt   uid  timeout inode"
#define UDP6 "  sl  local_address                         remote_address                        st tx_queue rx_queue tr " \
	"tm->when retrnsmt   uid  timeout inode ref pointer drops"

/* As a kernel that has nothing to tell shows them; the order is that of a real listing. */
static const struct { const char *name, *text; } files[] = {
	{ "arp", "IP address       HW type     Flags       HW address            Mask     Device\n" },
	{ "dev", "Inter-|   Receive                                                |  Transmit\n"
		 " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier"
		 " compressed\n"
		 "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0"
		 "       0          0\n" },
	{ "raw", UDP "\n" },
	{ "tcp", TCP " \n" },
	{ "udp", UDP "\n" },
	{ "igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n"
		  "\t\t\t\t010000E0     1 0:00000000\t\t0\n" },
	{ "raw6", UDP6 "\n" },
	{ "snmp", "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards "
		  "InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails "
		  "FragCreates\nIp: 2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		  "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs "
		  "OutSegs RetransSegs InErrs OutRsts InCsumErrors\nTcp: 1 200 120000 -1 0 0 0 0 0 0 0 0 0 0 0\n"
		  "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
		  "Udp: 0 0 0 0 0 0 0 0 0\n" },
	{ "tcp6", TCP6 "\n" },
	{ "udp6", UDP6 "\n" },
	{ "unix", "Num       RefCount Protocol Flags    Type St Inode Path\n" },
	{ "route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
		   "                                                       \n" },
	{ "packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n" },
	{ "netlink", "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n" },
	{ "netstat", "TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed\nTcpExt: 0 0 0\n"
		     "IpExt: InNoRoutes InTruncatedPkts\nIpExt: 0 0\n" },
	{ "if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n" },
	{ "sockstat", "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0 mem 0\nUDPLITE: inuse 0\n"
		      "RAW: inuse 0\nFRAG: inuse 0 memory 0\n" },
	{ "dev_mcast", "" },
	{ "protocols", "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha"
		       " uh gp em\n" },
	{ "sockstat6", "TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n" },
	{ "ipv6_route", "" },
};

enum { FILES = sizeof(files) / sizeof(files[0]), NET_PLACE = 200 };

static int net_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const char *text = files[node->number].text;

	(void)w, (void)reader;
	return text_append(out, text, strlen(text));
}

static const struct entry net_entry = { "", S_IFREG | 0444, SHOWN, BOTH, net_read, NULL, NULL, NET_FILE, 0 };

static struct node net_node(const struct node *directory, uint64_t number)
{
	return (struct node){ &net_entry, directory->task, directory->level, NET_PLACE + number, number };
}

static bool next_net(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	(void)w;
	if (*at < 0 || *at >= FILES || !has_files(directory->task))
		return false;
	strcpy(name, files[*at].name);
	*out = net_node(directory, (uint64_t)*at);
	(*at)++;
	return true;
}

static bool find_net(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	(void)w;
	for (uint64_t i = 0; has_files(directory->task) && i < FILES; i++)
		if (strlen(files[i].name) == length && !memcmp(files[i].name, name, length)) {
			*out = net_node(directory, i);
			return true;
		}
	return false;
}

const struct directory net_directory = { NULL, 0, find_net, next_net, BOTH, 0, 9, NULL };
