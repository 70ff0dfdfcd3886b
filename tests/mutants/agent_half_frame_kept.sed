# file: agent/uplink.c
s/u->rx_size = u->tx_size = u->tx_at = 0;/u->tx_size = u->tx_at = 0;/
