// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>

#include "test_delay.h"

static unsigned int kudp_test_delay_us;
module_param_named(test_delay_us, kudp_test_delay_us, uint, 0444);
MODULE_PARM_DESC(test_delay_us, "microseconds that each reply spins, up to 1000");

void kudp_test_delay(void)
{
	udelay(min(kudp_test_delay_us, 1000U));
}
