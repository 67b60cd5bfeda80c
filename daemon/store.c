/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/store.h"

enum outcome
store_outcome(enum store_code code)
{
	switch (code) {
	case STORE_OK:
		return OUT_DONE;
	case STORE_BUSY:
		return OUT_BUSY;
	case STORE_ABSENT:
	case STORE_BROKEN:
	case STORE_REFUSED:
		return OUT_STORE;
	case STORE_MEMORY:
		return OUT_MEMORY;
	}
	return OUT_STORE;
}
