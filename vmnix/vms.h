/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs as far as the console has a part in them: their memory, and that this module stays while
 * there is one.
 */
#ifndef VMNIX_VMS_H
#define VMNIX_VMS_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct vmnix;
struct vmnix_vm_create;

struct vmnix_vms {
	struct mutex lock; /* creating and draining; all below, and v->pieces */
	bool open;	   /* VMs can be created */
	bool holding;	   /* a reference on this module: there are VMs */
	struct delayed_work settle;
};

void vmnix_vms_init(struct vmnix *v);
int vmnix_vms_start(struct vmnix *v);

/* In a console that did not launch the VMM: its VMs are this module's care from now on. */
int vmnix_vms_adopt(struct vmnix *v);

/* There are VMs that have not ended, and a VMM that can do without this console. */
bool vmnix_vms_outlive_us(struct vmnix *v);

/* Ends all VMs and takes their memory back; programs can make no more. No event comes any more. */
void vmnix_vms_close(struct vmnix *v);

/* The last of all, when no program can call. */
void vmnix_vms_finish(struct vmnix *v);

/*
 * Makes room in the VMM and creates; config.epoch, id, needed and available of `create` are
 * filled. The caller has the device open.
 */
int vmnix_vms_create(struct vmnix *v, struct vmnix_vm_create *create);

/* enum vmnix_vm_order; after a removal the memory is Linux's again. */
int vmnix_vms_order(struct vmnix *v, u32 id, u32 order);

/* After what may have set memory free in the VMM. */
void vmnix_vms_settle(struct vmnix *v);

/* Something happened in the VMM; from an interrupt. */
void vmnix_vms_event(struct vmnix *v);

#endif
