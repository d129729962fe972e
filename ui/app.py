"""The dashboard's way in: which page is shown. `inspection dashboard` starts it."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Line", layout="wide")
st.navigation([st.Page("pages/line.py", title="Line", default=True)], position="hidden").run()
