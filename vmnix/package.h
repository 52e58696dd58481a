/* SPDX-License-Identifier: GPL-2.0-only */
/* What the VMM restarts a console from, on its way from a program into the VMM's memory. */
#ifndef VMNIX_PACKAGE_H
#define VMNIX_PACKAGE_H

struct vmnix;
struct vmnix_package_load;

/* Fills load->needed and ->available. The one that was registered stays when this fails. */
int vmnix_package_load(struct vmnix *v, struct vmnix_package_load *load);
int vmnix_package_drop(struct vmnix *v);

#endif
