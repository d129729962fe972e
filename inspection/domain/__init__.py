"""The words everybody here shares: types, errors and ports. Depends on nothing but numpy."""
