/* SPDX-License-Identifier: MIT */
/* Signs of the firmware as machines of each cloud show them. */
#include "agent/cloud/cloud.c"

#include "tests/unit/unit.h"

static void clouds_by_their_signs(void **state)
{
    (void)state;
    static const struct {
        struct cloud_signs signs;
        const char *name;
    } machines[] = {
        {{.system_vendor = "Vultr", .product = "VX1", .bios_vendor = "Vultr"}, "vultr"},
        {{.system_vendor = "Amazon EC2", .product = "t3.micro", .bios_vendor = "Amazon EC2",
          .board_tag = "i-0abcdef1234567890"}, "aws"},
        {{.system_vendor = "Xen", .product = "HVM domU", .hypervisor_uuid = "ec2f3a1c-2b"}, "aws"},
        {{.system_vendor = "Google", .product = "Google Compute Engine", .bios_vendor = "Google"}, "gcp"},
        {{.system_vendor = "Microsoft Corporation", .product = "Virtual Machine",
          .chassis_tag = "7783-7084-3265-9085-8269-3286-77"}, "azure"},
        {{.system_vendor = "DigitalOcean", .product = "Droplet"}, "digitalocean"},
        {{.system_vendor = "Hetzner", .product = "vServer"}, "hetzner"},
        {{.system_vendor = "Linode"}, "linode"},
        {{.system_vendor = "QEMU", .chassis_tag = "OracleCloud.com"}, "oracle"},
        {{.system_vendor = "OpenStack Foundation", .product = "OpenStack Nova"}, "openstack"},
        {{.board_model = "Raspberry Pi 4 Model B Rev 1.4"}, "raspberry-pi"},
        {{.system_vendor = "Microsoft Corporation", .product = "Virtual Machine"}, ""}, /* Hyper-V at home */
        {{.system_vendor = "Dell Inc.", .product = "PowerEdge R640"}, ""},
        {{.system_vendor = "QEMU", .product = "Standard PC (Q35 + ICH9, 2009)"}, ""},
        {{.system_vendor = ""}, ""},
    };
    for (size_t i = 0; i < COUNT_OF(machines); i++)
        assert_string_equal(cloud_name(cloud_of(&machines[i].signs)), machines[i].name);
}

static void words_of_answers(void **state)
{
    (void)state;
    char word[FACT_SIZE];
    static const struct {
        const char *text, *word; /* NULL: none */
    } answers[] = {
        {"ewr", "ewr"}, {"  ewr \n", "ewr"}, {"first\nsecond", "first"}, {"a b\r\n", "a b"},
        {"", NULL},     {" \n ", NULL},      {"\x1b[31m", NULL},         {"\xff", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        bool is_word = cloud_word(answers[i].text, (uint32_t)strlen(answers[i].text), word, sizeof word);
        assert_int_equal(is_word, answers[i].word != NULL);
        assert_string_equal(word, is_word ? answers[i].word : "");
    }
    assert_true(cloud_word("Raspberry Pi\0", 13, word, sizeof word)); /* as the device tree ends texts */
    assert_string_equal(word, "Raspberry Pi");
    assert_true(cloud_word("12345", 5, word, 6));
    assert_false(cloud_word("123456", 6, word, 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clouds_by_their_signs),
        cmocka_unit_test(words_of_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
