// SPDX-License-Identifier: MIT
// Runs before anything is drawn, so that no light page flashes up in the dark.
const chosen = localStorage.getItem('nephos-theme');
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
