/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of 512 bytes. Its driver is the firmware's: the sector is here
 * because the drive put it here by DMA, and is written to the next sector of
 * the same drive before a word is said on the serial port and the machine is
 * switched off (isa-debug-exit).
 */
	.code16
	.globl	_start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7c00, %sp
	sti
	movw	$packet, %si
	movb	$0x43, %ah		/* extended write */
	movb	$0, %al
	int	$0x13
	movw	$failed, %si
	jc	say
	movw	$written, %si
say:
	lodsb
	testb	%al, %al
	jz	off
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	say
off:
	movw	$0x501, %dx
	outb	%al, %dx
	hlt
	jmp	off

packet:	.byte	16, 0
	.word	1			/* sectors */
	.word	0x7c00, 0		/* from offset, segment */
	.quad	1			/* to sector */
written:
	.asciz	"guest: written\n"
failed:
	.asciz	"guest: failed\n"
	.org	510
	.word	0xaa55
