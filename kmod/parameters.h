/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KUDP_PARAMETERS_H
#define KUDP_PARAMETERS_H

int kudp_parameters_init(void);
void kudp_parameters_exit(void);

#endif
