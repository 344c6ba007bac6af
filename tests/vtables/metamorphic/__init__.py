"""Whether answers are right: statements over tables of hostql's against plain SQLite tables and against each other."""
