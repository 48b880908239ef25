"""Writes a trained model as GGUF for llama.cpp: architecture "llama", tokenizer "llama", Q8_0 or F16 matrices.

    PYTHONPATH=<llama.cpp>/gguf-py python3 export.py runs/small ../small-q8_0.gguf
"""

from __future__ import annotations

import argparse
import pathlib

import gguf
import numpy
import torch

from model import Llama, Shape
from tokenizer import BOS, EOS, UNK, Tokenizer


def load(folder: pathlib.Path) -> tuple[Llama, Tokenizer, dict]:
    saved = torch.load(folder / "model.pt", map_location="cpu")
    tokenizer = Tokenizer.load(folder.parent / "tokenizer.json")
    model = Llama(Shape(**saved["shape"]), tokenizer.pieces)
    model.load_state_dict(saved["model"])
    return model.eval(), tokenizer, saved


def neighbouring_pairs(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a query or key matrix from "first half against second half" to Llama's "even against odd"."""
    rows, columns = weight.shape
    return weight.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def named_tensors(model: Llama):
    """GGUF names with the tensors that belong there. There is no output.weight: llama.cpp then takes token_embd."""
    yield "token_embd.weight", model.embedding.table()
    yield "output_norm.weight", model.norm.weight
    for i, block in enumerate(model.blocks):
        q, k, v = block.qkv.weight.chunk(3)
        yield f"blk.{i}.attn_norm.weight", block.attention_norm.weight
        yield f"blk.{i}.attn_q.weight", neighbouring_pairs(q, block.heads)
        yield f"blk.{i}.attn_k.weight", neighbouring_pairs(k, block.heads)
        yield f"blk.{i}.attn_v.weight", v
        yield f"blk.{i}.attn_output.weight", block.out.weight
        yield f"blk.{i}.ffn_norm.weight", block.feed_forward_norm.weight
        yield f"blk.{i}.ffn_gate.weight", block.gate.weight
        yield f"blk.{i}.ffn_up.weight", block.up.weight
        yield f"blk.{i}.ffn_down.weight", block.down.weight


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokenizer.pieces)
    writer.add_token_scores(tokenizer.scores)
    writer.add_token_types(tokenizer.types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNK)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path, help="where train.py left model.pt")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--type", choices=("q8_0", "f16"), default="q8_0")
    args = parser.parse_args()
    model, tokenizer, saved = load(args.folder)
    shape, count, name = model.shape, model.parameter_count(), saved["arguments"]["name"]
    template = "{text}\\n" * saved["arguments"]["readings"]
    f16 = args.type == "f16"
    writer = gguf.GGUFWriter(args.output, "llama")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(f"slm-graph assistant {name}")
    writer.add_basename("slm-graph-assistant")
    writer.add_finetune(name)
    writer.add_description(f"Turns a voice assistant request into a tool call as JSON, intent first, then its slots. "
                           f"{count:,} parameters, trained from scratch on SNIPS 2017-06. Prompt template: \"{template}\"")
    writer.add_license("apache-2.0")
    writer.add_organization("slm-graph")
    writer.add_size_label(f"{count / 1e6:.2g}M" if count < 1e7 else f"{count / 1e6:.0f}M")
    writer.add_languages(["en"])
    writer.add_tags(["function-calling", "slot-filling", "voice-assistant"])
    writer.add_uint64("general.parameter_count", count)
    writer.add_string("slm_graph.prompt_template", template.replace("\\n", "\n"))
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if f16 else gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer(writer, tokenizer)
    for tensor_name, tensor in named_tensors(model):
        array = tensor.detach().float().contiguous().numpy()
        if array.ndim == 1:
            writer.add_tensor(tensor_name, array)
        elif f16:
            writer.add_tensor(tensor_name, array.astype(numpy.float16))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor_name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{args.output}: {args.output.stat().st_size:,} bytes, {count:,} parameters")


if __name__ == "__main__":
    main()
