// SPDX-License-Identifier: GPL-2.0-only
// Takes the place of functions of the C library in Bochs: equal runs are equal, and no port is open. It must load beside
// any C library, hence without one.

// Bochs seeds what becomes RDRAND and RDSEED from the clock. Unseeded, the C library's numbers are always the same.
void srand(unsigned seed);
void srand(unsigned seed)
{
	(void)seed;
}

// Debian's only display without a screen or a terminal is a VNC server, without a password, for any address. It finds a
// port free, listens in vain, and waits for a caller until Bochs ends.
int bind(int descriptor, const void *address, unsigned size);
int bind(int descriptor, const void *address, unsigned size)
{
	(void)descriptor, (void)address, (void)size;
	return 0;
}

int listen(int descriptor, int waiting);
int listen(int descriptor, int waiting)
{
	(void)descriptor, (void)waiting;
	return 0;
}

int pause(void);
int accept(int descriptor, void *address, unsigned *size);
int accept(int descriptor, void *address, unsigned *size)
{
	(void)descriptor, (void)address, (void)size;
	for (;;)
		pause();
}
