// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every number of the file is checked before use: an offset or size is compared with what is left,
 * never added first, so that nothing wraps. Structures are copied out because nothing says that the
 * file's bytes are aligned.
 */
#include "elf.h"

static bool inside(uint64_t offset, uint64_t bytes, uint64_t size)
{
	return offset <= size && bytes <= size - offset;
}

static uint64_t page_end(uint64_t address)
{
	return (address + VMNIX_PAGE_SIZE - 1) & ~(VMNIX_PAGE_SIZE - 1);
}

static enum vmnix_image_error check_file_header(const uint8_t *file, size_t size,
						Elf64_Ehdr *header)
{
	if (size < SELFMAG || memcmp(file, ELFMAG, SELFMAG))
		return VMNIX_BAD_NOT_ELF;
	if (size < sizeof(*header))
		return VMNIX_BAD_TRUNCATED;
	memcpy(header, file, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_type != ET_EXEC || header->e_machine != EM_X86_64)
		return VMNIX_BAD_MACHINE;
	if (header->e_phentsize != sizeof(Elf64_Phdr) || !header->e_phnum || header->e_phnum > 64)
		return VMNIX_BAD_HEADERS;
	if (!inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), size))
		return VMNIX_BAD_TRUNCATED;
	return VMNIX_IMAGE_OK;
}

static enum vmnix_image_error check_segment(const Elf64_Phdr *program, size_t size,
					    uint64_t previous_end)
{
	if (program->p_filesz > program->p_memsz)
		return VMNIX_BAD_HEADERS;
	if (!inside(program->p_offset, program->p_filesz, size))
		return VMNIX_BAD_TRUNCATED;
	if (program->p_vaddr < VMNIX_IMAGE_VA || program->p_vaddr % VMNIX_PAGE_SIZE ||
	    !inside(program->p_vaddr - VMNIX_IMAGE_VA, program->p_memsz, VMNIX_IMAGE_MAX))
		return VMNIX_BAD_WINDOW;
	if (program->p_vaddr < previous_end)
		return VMNIX_BAD_OVERLAP;
	if ((program->p_flags & PF_W) && (program->p_flags & PF_X))
		return VMNIX_BAD_RIGHTS;
	return VMNIX_IMAGE_OK;
}

static enum vmnix_image_error add_segment(const Elf64_Phdr *program, size_t size,
					  struct vmnix_elf *elf)
{
	struct vmnix_elf_segment *segment = &elf->segment[elf->segments];
	enum vmnix_image_error error;
	uint64_t previous_end = 0;

	if (elf->segments == VMNIX_MAX_SEGMENTS)
		return VMNIX_BAD_HEADERS;
	if (elf->segments)
		previous_end = page_end(segment[-1].va + segment[-1].memory_size);
	error = check_segment(program, size, previous_end);
	if (error)
		return error;
	segment->va = program->p_vaddr;
	segment->offset = program->p_offset;
	segment->file_size = program->p_filesz;
	segment->memory_size = program->p_memsz;
	segment->rights = program->p_flags & (PF_R | PF_W | PF_X);
	elf->segments++;
	return VMNIX_IMAGE_OK;
}

static enum vmnix_image_error read_segments(const uint8_t *file, size_t size,
					    const Elf64_Ehdr *header, struct vmnix_elf *elf)
{
	enum vmnix_image_error error;
	Elf64_Phdr program;
	uint32_t i;

	for (i = 0; i < header->e_phnum; i++) {
		memcpy(&program, file + header->e_phoff + (uint64_t)i * sizeof(program),
		       sizeof(program));
		if (program.p_type == PT_INTERP || program.p_type == PT_DYNAMIC ||
		    program.p_type == PT_TLS)
			return VMNIX_BAD_DYNAMIC;
		if (program.p_type != PT_LOAD || !program.p_memsz)
			continue;
		error = add_segment(&program, size, elf);
		if (error)
			return error;
	}
	return VMNIX_IMAGE_OK;
}

static bool entry_is_executable(const struct vmnix_elf *elf)
{
	uint32_t i;

	for (i = 0; i < elf->segments; i++) {
		const struct vmnix_elf_segment *segment = &elf->segment[i];

		/* Only bytes that came with the file: .bss holds no code. */
		if ((segment->rights & PF_X) && elf->header.entry >= segment->va &&
		    elf->header.entry - segment->va < segment->file_size)
			return true;
	}
	return false;
}

static enum vmnix_image_error check_image_header(const uint8_t *file, struct vmnix_elf *elf)
{
	const struct vmnix_elf_segment *first = &elf->segment[0];
	const struct vmnix_elf_segment *last = &elf->segment[elf->segments - 1];
	struct vmnix_image_header *header = &elf->header;

	if (first->va != VMNIX_IMAGE_VA || first->file_size < sizeof(*header))
		return VMNIX_BAD_MAGIC;
	memcpy(header, file + first->offset, sizeof(*header));
	if (header->magic != VMNIX_IMAGE_MAGIC)
		return VMNIX_BAD_MAGIC;
	if (header->handover_abi != VMNIX_HANDOVER_ABI)
		return VMNIX_BAD_ABI;
	if (header->header_size != sizeof(*header) || header->loaded_size > VMNIX_IMAGE_MAX ||
	    page_end(header->loaded_size) !=
		    page_end(last->va + last->memory_size - VMNIX_IMAGE_VA))
		return VMNIX_BAD_SIZE;
	if (header->reserved || header->version[sizeof(header->version) - 1])
		return VMNIX_BAD_RESERVED;
	if (!entry_is_executable(elf))
		return VMNIX_BAD_ENTRY;
	return VMNIX_IMAGE_OK;
}

enum vmnix_image_error vmnix_elf_parse(const uint8_t *file, size_t size, struct vmnix_elf *elf)
{
	enum vmnix_image_error error;
	Elf64_Ehdr header;

	memset(elf, 0, sizeof(*elf));
	error = check_file_header(file, size, &header);
	if (!error)
		error = read_segments(file, size, &header, elf);
	if (!error && !elf->segments)
		error = VMNIX_BAD_HEADERS;
	if (!error)
		error = check_image_header(file, elf);
	return error;
}
