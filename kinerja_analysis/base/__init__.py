"""Ground floor: tables, results, configuration, errors, words, store. Imports nothing else of ours."""
