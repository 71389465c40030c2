"""Turn a text file into a C file with it as a zero-ended array: embed_text.py INPUT OUTPUT NAME."""
import sys


def main():
    source, target, name = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read() + b"\0"
    rows = (", ".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24))
    with open(target, "w", encoding="ascii") as file:
        file.write(f"extern const char {name}[];\nconst char {name}[] = {{\n" + ",\n".join(rows) + "\n};\n")


main()
