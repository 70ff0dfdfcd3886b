/* SPDX-License-Identifier: MIT */
#include "aggregator/demo/roles.h"

#include <stddef.h>

#define WEB_PROCESSES \
    {{"php-fpm", 0.52, 310}, {"nginx", 0.24, 48}, {"redis-server", 0.10, 36}, {"node", 0.08, 120}, \
     {"systemd-journal", 0.02, 28}}
#define API_PROCESSES \
    {{"gunicorn", 0.62, 420}, {"nginx", 0.18, 44}, {"celery", 0.12, 260}, {"containerd", 0.04, 60}, \
     {"systemd-journal", 0.02, 28}}
#define DATABASE_PROCESSES \
    {{"postgres", 0.80, 1900}, {"pgbouncer", 0.08, 18}, {"wal-g", 0.06, 40}, {"sshd", 0.02, 8}, \
     {"systemd-journal", 0.02, 28}}

const struct demo_role demo_roles[DEMO_HOSTS] = {
    {"web-1", "vultr", "ewr", "vc2-2c-4gb", 2, 4, 80, NULL, 0, 8, 26, 46, 38, 0, 64, 260, 20, 90, 140, 84,
     AILMENT_NONE, WEB_PROCESSES},
    {"web-2", "vultr", "ewr", "vc2-2c-4gb", 2, 4, 80, NULL, 0, 9, 25, 47, 41, 0, 62, 250, 20, 95, 138, 86,
     AILMENT_RUNAWAY, WEB_PROCESSES},
    {"web-3", "vultr", "ams", "vc2-2c-4gb", 2, 4, 80, NULL, 0, 7, 22, 44, 36, 0, 58, 230, 18, 80, 120, 91,
     AILMENT_NONE, WEB_PROCESSES},
    {"api-1", "aws", "us-east-1", "t3.medium", 2, 4, 60, NULL, 0, 14, 30, 58, 44, 0, 80, 110, 30, 160, 210,
     42, AILMENT_NONE, API_PROCESSES},
    {"api-2", "aws", "us-east-1", "t3.medium", 2, 4, 60, NULL, 0, 13, 29, 57, 46, 0, 78, 108, 30, 150, 205,
     44, AILMENT_NONE, API_PROCESSES},
    {"db-1", "aws", "us-east-1", "m6g.large", 2, 8, 40, "/var/lib/postgresql", 200, 18, 22, 71, 33, 91, 60,
     84, 900, 2400, 96, 0, AILMENT_DISK, DATABASE_PROCESSES},
    {"db-2", "aws", "us-west-2", "m6g.large", 2, 8, 40, "/var/lib/postgresql", 200, 10, 9, 66, 31, 54, 42,
     15, 260, 2300, 34, 0, AILMENT_NONE, DATABASE_PROCESSES},
    {"cache-1", "gcp", "europe-west4", "e2-medium", 2, 4, 30, NULL, 0, 6, 11, 74, 28, 0, 110, 150, 2, 12,
     260, 0, AILMENT_NONE,
     {{"redis-server", 0.84, 2600}, {"redis_exporter", 0.04, 16}, {"sshd", 0.03, 8}, {"chronyd", 0.02, 4},
      {"systemd-journal", 0.02, 28}}},
    {"queue-1", "gcp", "europe-west4", "e2-medium", 2, 4, 50, NULL, 0, 9, 14, 52, 47, 0, 44, 42, 60, 420,
     88, 0, AILMENT_NONE,
     {{"beam.smp", 0.86, 900}, {"epmd", 0.02, 4}, {"sshd", 0.02, 8}, {"chronyd", 0.02, 4},
      {"systemd-journal", 0.02, 28}}},
    {"worker-1", "gcp", "europe-west4", "e2-standard-4", 4, 16, 100, NULL, 0, 22, 38, 49, 52, 0, 90, 60,
     340, 900, 42, 0, AILMENT_NONE,
     {{"python3", 0.72, 3100}, {"ffmpeg", 0.18, 640}, {"dockerd", 0.04, 90}, {"containerd", 0.03, 60},
      {"systemd-journal", 0.01, 28}}},
    {"edge-1", "azure", "westeurope", "Standard_B1s", 1, 1, 30, NULL, 0, 5, 12, 61, 34, 0, 150, 148, 4, 30,
     310, 0, AILMENT_NONE,
     {{"haproxy", 0.78, 90}, {"keepalived", 0.06, 8}, {"sshd", 0.03, 8}, {"chronyd", 0.02, 4},
      {"systemd-journal", 0.03, 28}}},
    {"pi-garage", "other", "home", "raspberry-pi-4", 4, 4, 32, NULL, 0, 3, 3, 24, 63, 0, 12, 9, 1, 24, 9, 0,
     AILMENT_NONE,
     {{"mosquitto", 0.30, 14}, {"node-red", 0.36, 180}, {"zigbee2mqtt", 0.20, 110}, {"sshd", 0.04, 8},
      {"systemd-journal", 0.04, 20}}},
};
