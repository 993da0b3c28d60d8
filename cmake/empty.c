/* SPDX-License-Identifier: Apache-2.0 */
/* A translation unit for targets that only link. */
typedef int holdfast_empty_t;
