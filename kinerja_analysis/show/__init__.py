"""What a reader sees of numbers: sentences, tables, charts. Results hold codes, this room makes words of them."""
