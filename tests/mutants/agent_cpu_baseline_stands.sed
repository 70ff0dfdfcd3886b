# file: agent/collect/cpu.c
s/\(all - idle\) \* 10000 \/ all/(all - idle) * 9999 \/ all/
